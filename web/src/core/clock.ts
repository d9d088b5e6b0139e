/** Ages of statements. Wall clocks of tablets are wrong; only `performance.now()` is used. */
import { computed, signal } from '@preact/signals';
import { beat } from './transport';

/** Without a heartbeat for this long nothing is known about the line. */
export const UNKNOWN_MS = 5000;
/** A statement older than this is shown as old. */
export const OLD_MS = 2000;
const TICK_MS = 200;

export const now = signal(performance.now());
setInterval(() => (now.value = performance.now()), TICK_MS);

const begun = performance.now();

/** Age of the newest heartbeat, milliseconds; before the first one, the age of this page. */
export const ageMs = computed(() => {
  const b = beat.value;
  const t = Math.max(now.value, b?.at ?? 0);
  return b ? b.ageMs + t - b.at : t - begun;
});

/** Nothing is known about the line: no heartbeat, or none recent enough. */
export const unknown = computed(() => ageMs.value > UNKNOWN_MS);

/** Wall time of the last sure knowledge, null if there never was any. */
export const knownAt = computed(() =>
  beat.value && Number.isFinite(beat.value.ageMs) ? Date.now() - ageMs.value : null,
);

/**
 * Seconds left, never negative; rounded up so that "0" means over. Never more than `most`: the
 * clock of the page ticks five times a second, and a window of 5 s must not begin with "6".
 */
export function secondsLeft(until: number, t: number, most = Infinity): number {
  return Math.min(Math.ceil(most), Math.max(0, Math.ceil((until - t) / 1000)));
}
