/** Keeps the screen awake; the platform drops the lock whenever the page is hidden. */
import { signal } from '@preact/signals';

/** null: the platform has none here (plain HTTP, old browser). */
export const awake = signal<boolean | null>('wakeLock' in navigator ? false : null);

export async function keepAwake(): Promise<void> {
  if (awake.value === null || document.visibilityState !== 'visible') return;
  try {
    const lock = await navigator.wakeLock.request('screen');
    awake.value = true;
    lock.addEventListener('release', () => (awake.value = false));
  } catch {
    awake.value = false; // low battery or no permission; asked again when the page is seen again
  }
}

document.addEventListener('visibilitychange', () => void keepAwake());
