/** Decides which taps count. Pure: times are milliseconds of one monotonic clock. */

export const AFTER_CHANGE_MS = 700;
export const AFTER_WAKE_MS = 500;

export class Guard {
  private changedAt = -Infinity;
  private wokeAt = -Infinity;
  /** Told how long taps will not count, so that the page can show it. */
  onSettling: (ms: number) => void = () => undefined;

  /** Controls changed place or meaning. */
  changed(now: number): void {
    this.changedAt = now;
    this.onSettling(this.readyAt() - now);
  }

  /** The screen woke up: the tap that wakes it is not an answer. */
  woke(now: number): void {
    this.wokeAt = now;
    this.onSettling(this.readyAt() - now);
  }

  /** Whether a tap that went down at `downAt` counts. A change after that refuses it too. */
  accepts(downAt: number): boolean {
    return downAt - this.changedAt >= AFTER_CHANGE_MS && downAt - this.wokeAt >= AFTER_WAKE_MS;
  }

  /** When taps will count again. */
  readyAt(): number {
    return Math.max(this.changedAt + AFTER_CHANGE_MS, this.wokeAt + AFTER_WAKE_MS);
  }
}

export const guard = new Guard();

const SLEPT_MS = 2000;
const TICK_MS = 500;

/** Mark the page while taps do not count. */
export function showSettling(): void {
  let timer = 0;
  guard.onSettling = (ms) => {
    document.body.classList.add('settling');
    clearTimeout(timer);
    timer = window.setTimeout(() => document.body.classList.remove('settling'), ms);
  };
}

/** Watch for waking: the page becomes visible, or time went by without the page running. */
export function watchWake(): void {
  const woke = () => document.visibilityState === 'visible' && guard.woke(performance.now());
  document.addEventListener('visibilitychange', woke);
  window.addEventListener('pageshow', woke);
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    if (now - last > SLEPT_MS) woke();
    last = now;
  }, TICK_MS);
}
