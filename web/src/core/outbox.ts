/** Commands to the cell: what people judged is kept until it is answered, the rest is sent once. */
import { signal } from '@preact/signals';
import type { Command, Reply } from './schema';
import { randomKey, read, write } from './prefs';

/** One entry of the storage per command: windows of one tablet do not overwrite each other's. */
const PREFIX = 'cobot_ai.outbox.';
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
  readonly items = signal<Command[]>(stored());
  private readonly inFlight = new Set<string>();
  onReply: (command: Command, reply: Reply) => void = () => undefined;

  constructor(
    private readonly send: Send,
    private readonly later: (f: () => void, ms: number) => unknown = (f, ms) => setTimeout(f, ms),
  ) {}

  /** Send a command; returns its key. */
  put(draft: Draft): string {
    const command = { ...draft, key: randomKey() } as Command;
    this.items.value = [...this.items.value, command];
    if (kept(command)) write(`${PREFIX}${Date.now()}.${command.key}`, command);
    void this.flush(command);
    return command.key;
  }

  /** Send everything again, e.g. after a reconnect or a reload. */
  flushAll(): void {
    for (const command of this.items.value) void this.flush(command);
  }

  private async flush(command: Command): Promise<void> {
    if (this.inFlight.has(command.key) || this.waits(command)) return;
    this.inFlight.add(command.key);
    const reply = await this.send(command).catch(() => null);
    this.inFlight.delete(command.key);
    if (kept(command) && (reply === null || UNSETTLED.has(reply.status))) {
      this.later(() => void this.flush(command), RETRY_MS);
      return;
    }
    if (kept(command) && reply?.status === 'login') return;
    this.items.value = this.items.value.filter((c) => c.key !== command.key);
    forget(command.key);
    this.onReply(command, reply ?? unanswered(command));
    this.items.value.filter((c) => sameCase(c, command)).forEach((c) => void this.flush(c));
  }

  /** What was said about a case goes in the order it was said: the last word must arrive last. */
  private waits(command: Command): boolean {
    return this.items.value.find((c) => c.key === command.key || sameCase(c, command)) !== command;
  }
}

/** Names of what is kept, oldest first; of all windows of this tablet. */
function names(): string[] {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).sort();
  } catch {
    return [];
  }
}

function stored(): Command[] {
  const found = names().map((name) => read<Command | null>(name, null));
  return found.filter((c): c is Command => c !== null && kept(c));
}

function forget(key: string): void {
  names().filter((name) => name.endsWith(`.${key}`)).forEach((name) => localStorage.removeItem(name));
}

function sameCase(a: Command, b: Command): boolean {
  return 'case' in a && 'case' in b && Boolean(a.case) && a.case === b.case;
}

/** Sent once and no answer: whether it was carried out is not known here. */
function unanswered(command: Command): Reply {
  return { key: command.key, ok: false, status: 'pending', reason: 'no_reply' };
}
