/** Since when the line is as it is, on the clock of this page; null where nobody knows. */
import type { Ask, State } from './state';

const BEGINS: Record<string, readonly string[]> = {
  running: ['start', 'resume', 'maintenance', 'resolution'],
  maintenance: ['maintenance'],
  held: ['hold'],
  holding: ['hold'],
};

export function sinceOf(mode: string, state: State, open: readonly Ask[]): number | null {
  if (mode === 'asking') return open.length ? Math.min(...open.map((a) => a.askedAt)) : null;
  const marks = (BEGINS[mode] ?? []).map((kind) => state.marks.get(kind)).filter((m) => m !== undefined);
  const newest = marks.sort((a, b) => b.seq - a.seq)[0];
  return newest?.at ?? null;
}
