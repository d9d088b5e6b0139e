/** Whether the process is held for good, as far as the page can know: the ledger and the heartbeat come apart. */
import type { HeldFor } from './schema';
import type { State } from './state';

/** A hold that ends by itself after the answer takes a moment to be confirmed. */
export const LETS_GO_MS = 2000;
/** A heartbeat may be so much faster than the ledger. */
export const COMES_MS = 1000;

type Known = Pick<State, 'asks' | 'steps'>;

export class Held {
  /** Cases a heartbeat named before their question was here, and since when. */
  private readonly named = new Map<number, number>();

  /**
   * Whether something holds beside what ends by itself: questions that were answered just now (until
   * the robot is seen to go on, however long that takes), and one that is on its way here.
   */
  stays(reasons: HeldFor[], phase: string | undefined, state: Known, now: number): boolean {
    const ends = ({ key, n }: HeldFor) => key === 'case' && n != null && this.passes(n, phase, state, now);
    return reasons.some((r) => !ends(r));
  }

  private passes(n: number, phase: string | undefined, state: Known, now: number): boolean {
    const ask = state.asks.get(n);
    if (!ask) return this.comes(n, state, now);
    const end = ask.resolution;
    const goesOn = end?.outcome === 'answered' && end.action !== 'hold' && end.action !== 'stop';
    return goesOn && (phase === 'resuming' || now - ask.resolvedAt < LETS_GO_MS);
  }

  /** The heartbeat was faster than the ledger: the question of a case newer than all we know. */
  private comes(n: number, { asks, steps }: Known, now: number): boolean {
    if (n <= Math.max(0, steps[0]?.case ?? 0, ...asks.keys())) return false;
    for (const old of this.named.keys()) if (old < n) this.named.delete(old);
    const since = this.named.get(n) ?? now;
    this.named.set(n, since);
    return now - since < COMES_MS;
  }
}
