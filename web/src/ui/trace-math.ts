/** The arithmetic behind a trace, without a canvas. */
import type { EvidenceChannel } from '../core/schema';

const MARGIN = 0.06;

/** Value range to draw, with a margin; null when nothing was measured. */
export function bounds(channel: EvidenceChannel): { low: number; high: number } | null {
  const all = [...channel.value, ...(channel.low ?? []), ...(channel.high ?? [])];
  let low = Infinity;
  let high = -Infinity;
  for (const v of all) {
    if (v == null) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low > high) return null;
  const margin = (high - low) * MARGIN || Math.abs(high) * MARGIN || 1;
  return { low: low - margin, high: high + margin };
}

/** First and last index of every unbroken run for which the test holds. */
export function runs(length: number, test: (i: number) => boolean): [number, number][] {
  const found: [number, number][] = [];
  let begin = -1;
  for (let i = 0; i <= length; i++) {
    const holds = i < length && test(i);
    if (holds && begin < 0) begin = i;
    if (!holds && begin >= 0) {
      found.push([begin, i - 1]);
      begin = -1;
    }
  }
  return found;
}

/** Whether a measured value lies outside the band. */
export function outside(channel: EvidenceChannel, i: number): boolean {
  const [value, low, high] = [channel.value[i], channel.low?.[i], channel.high?.[i]];
  if (value == null || low == null || high == null) return false;
  return value < low || value > high;
}
