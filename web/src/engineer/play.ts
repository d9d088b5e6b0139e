/** Playing a trace: the signals of a case grow as they did when they were measured. */
import { played } from '../ui/Trace';

const WHOLE_MS = 3000;
/** One press where nothing may move by itself. */
const STEP = 0.1;
let timer = 0;

export function stop(): void {
  cancelAnimationFrame(timer);
  timer = 0;
}

/** All of it, at once. */
export function whole(): void {
  stop();
  played.value = 1;
}

/** Start, or pause; from the beginning when it was over. With reduced motion: one step further. */
export function play(): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return stepBy(STEP);
  if (timer) return stop();
  const from = played.value >= 1 ? 0 : played.value;
  const begun = performance.now() - from * WHOLE_MS;
  const frame = () => {
    played.value = Math.min(1, (performance.now() - begun) / WHOLE_MS);
    timer = played.value < 1 ? requestAnimationFrame(frame) : 0;
  };
  frame();
}

/** A step forward or back; beyond the end it begins anew. */
export function stepBy(share: number): void {
  stop();
  const next = (played.value >= 1 && share > 0 ? 0 : played.value) + share;
  played.value = Math.min(1, Math.max(0, next));
}
