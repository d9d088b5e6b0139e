/** The arithmetic behind a trace, without a canvas. */
export interface Curve {
  t: number[];
  value: (number | null)[];
  low?: (number | null)[] | null;
  high?: (number | null)[] | null;
}
export interface Range {
  low: number;
  high: number;
}

const MARGIN = 0.06;

/** Value range of curves drawn side by side, with a margin; null when nothing was measured. */
export function bounds(...curves: Curve[]): Range | null {
  const all = curves.flatMap((c) => [...c.value, ...(c.low ?? []), ...(c.high ?? [])]);
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

/** The longest runs, at most so many. */
export function longest(of: [number, number][], most: number): [number, number][] {
  return [...of].sort((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, most);
}

/** Whether a measured value lies outside the band. */
export function outside(curve: Curve, i: number): boolean {
  const [value, low, high] = [curve.value[i], curve.low?.[i], curve.high?.[i]];
  if (value == null || low == null || high == null) return false;
  return value < low || value > high;
}

/** Two axis labels that differ: as many digits as that takes, three at least. */
export function labels(a: number, b: number, write: (v: number, digits: number) => string): [string, string] {
  for (let digits = 3; digits < 15; digits++) {
    const pair: [string, string] = [write(a, digits), write(b, digits)];
    if (pair[0] !== pair[1]) return pair;
  }
  return [write(a, 3), ''];
}
