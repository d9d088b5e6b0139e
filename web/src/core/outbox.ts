/** Commands to the cell: what people judged is kept until it is answered, the rest is sent once. */
import { signal } from '@preact/signals';
import type { Command, Reply } from './schema';
import { randomKey, read, write } from './prefs';

const KEY = 'cobot_ai.outbox';
const RETRY_MS = 700;

export type Send = (command: Command) => Promise<Reply>;
/** A command without what the outbox adds. */
export type Draft = Command extends infer C ? (C extends Command ? Omit<C, 'key'> : never) : never;

/** Statuses that are no answer yet: the same command goes again, under the same key. */
const UNSETTLED: ReadonlySet<string> = new Set(['pending', 'busy']);

/**
 * Kept until the cell has answered, also over a reload: what a person judged, which moves nothing
 * when it comes late, and a hold. Everything else is for this moment: it is sent once.
 */
const KEPT: ReadonlySet<Command['kind']> = new Set<Command['kind']>([
  'answer',
  'undo',
  'correct',
  'review',
  'unreview',
  'reason',
  'report',
  'hold',
]);
const kept = (command: Command) => KEPT.has(command.kind);

export class Outbox {
  /** What has no answer yet. */
  readonly items = signal<Command[]>(read<Command[]>(KEY, []).filter(kept));
  private readonly inFlight = new Set<string>();
  onReply: (command: Command, reply: Reply) => void = () => undefined;

  constructor(
    private readonly send: Send,
    private readonly later: (f: () => void, ms: number) => unknown = (f, ms) => setTimeout(f, ms),
  ) {}

  /** Send a command; returns its key. */
  put(draft: Draft): string {
    const command = { ...draft, key: randomKey() } as Command;
    this.store([...this.items.value, command]);
    void this.flush(command);
    return command.key;
  }

  /** Send everything again, e.g. after a reconnect or a reload. */
  flushAll(): void {
    for (const command of this.items.value) void this.flush(command);
  }

  private async flush(command: Command): Promise<void> {
    if (this.inFlight.has(command.key)) return;
    this.inFlight.add(command.key);
    const reply = await this.send(command).catch(() => null);
    this.inFlight.delete(command.key);
    if (kept(command) && (reply === null || UNSETTLED.has(reply.status))) {
      this.later(() => void this.flush(command), RETRY_MS);
      return;
    }
    if (kept(command) && reply?.status === 'login') return;
    this.store(this.items.value.filter((c) => c.key !== command.key));
    this.onReply(command, reply ?? unanswered(command));
  }

  private store(items: Command[]): void {
    this.items.value = items;
    write(KEY, items.filter(kept));
  }
}

/** Sent once and no answer: whether it was carried out is not known here. */
function unanswered(command: Command): Reply {
  return { key: command.key, ok: false, status: 'pending', reason: 'no_reply' };
}
