/** What one tablet does with the questions: which one it shows, claims, answers, undo. */
import { computed, effect, signal } from '@preact/signals';
import { now, unknown } from '../core/clock';
import { plant, t, tr, type Key, type Params } from '../core/i18n';
import { person, station } from '../core/me';
import { notify } from '../core/notices';
import { Outbox } from '../core/outbox';
import { randomKey } from '../core/prefs';
import { atOperator } from '../core/route';
import type { AskBody, Command, Reply, Word } from '../core/schema';
import { nextFor, queue, type Ask } from '../core/state';
import { link, onConnect, onEntry, send, state } from '../core/transport';

export const NOT_SURE = 'not_sure';
const TICK_MS = 300;
/** How long an ask that ran out stays on the screen for a late answer. */
const EXPIRED_SHOWN_MS = 20000;

export const outbox = new Outbox(send);

/** The case this tablet shows; chosen by a person or taken by itself. */
const chosen = signal<number | null>(null);
export const current = computed<Ask | null>(() =>
  chosen.value === null ? null : (state.value.asks.get(chosen.value) ?? null),
);
export const waiting = computed(() => queue(state.value));

/** Commands about a case that have no reply yet: they are shown as on their way. */
export function pendingAnswer(caseId: number): string | null {
  const command = outbox.items.value.find((c) => c.kind === 'answer' && c.case === caseId);
  return command?.kind === 'answer' ? command.label : null;
}

export function labelText(of: Partial<Pick<AskBody, 'classes'>> | null | undefined, label: string): string {
  if (label === NOT_SURE) return t('answer.not_sure');
  return plant(of?.classes?.find((c) => c.name === label)?.text, label);
}

// ---------------------------------------------------------------- which case is shown

export function open(caseId: number): void {
  if (chosen.value !== null && chosen.value !== caseId) release(chosen.value);
  chosen.value = caseId;
}

export function close(): void {
  if (chosen.value !== null) release(chosen.value);
  chosen.value = null;
}

/** Whether the shown ask is over for this tablet. */
function over(ask: Ask, t: number): boolean {
  if (!ask.resolution) return false;
  if (ask.resolution.outcome !== 'expired') return true;
  return t - ask.resolvedAt > EXPIRED_SHOWN_MS || nextFor(state.value, station()) !== null;
}

effect(() => {
  if (!atOperator.value) return close();
  const ask = current.value;
  const next = nextFor(state.value, station());
  if (ask && over(ask, now.value)) chosen.value = next?.case ?? null;
  else if (!ask && next) chosen.value = next.case;
});

// ---------------------------------------------------------------- the cause of a bad step

const TEACH_MS = 30000;
/** The step whose cause is asked for, right after this tablet called it bad; skippable. */
export const teaching = signal<{ case: number; at: number } | null>(null);

function wasBad(ask: Ask, label: string): boolean {
  const mine = ask.answers.some((a) => a.tablet === station() && a.label === label);
  return mine && label !== NOT_SURE && !ask.body.classes.some((c) => c.name === label && c.nominal);
}

effect(() => {
  const over = teaching.value && now.value - teaching.value.at > TEACH_MS;
  if (over || current.value) teaching.value = null;
});

// ---------------------------------------------------------------- claims

function release(caseId: number): void {
  const ask = state.value.asks.get(caseId);
  if (ask?.holder?.tablet === station() && !ask.resolution)
    void volatile({ kind: 'release', case: caseId, ...who() });
}

function who(): { by: string; tablet: string } {
  return { by: person(), tablet: station() };
}

/** A command that is not worth keeping: the next one makes up for it. */
function volatile(draft: { kind: 'claim' | 'release'; case: number; by: string; tablet: string }) {
  return send({ ...draft, key: randomKey() }).catch(() => null);
}

/** The case whose card is on the screen right now; the menu or the queue may cover it. */
const inSight = signal<number | null>(null);

/** A card is on the screen until the returned function is called. */
export function showCase(caseId: number): () => void {
  inSight.value = caseId;
  return () => {
    if (inSight.value === caseId) inSight.value = null;
  };
}

let claimedAt = -Infinity;

function claim(): void {
  const ask = current.value;
  if (!ask || ask.resolution || ask.given || document.visibilityState !== 'visible') return;
  if (inSight.value !== ask.case) return;
  if (ask.holder && ask.holder.tablet !== station()) return;
  claimedAt = performance.now();
  void volatile({ kind: 'claim', case: ask.case, ...who() });
}

/** Well before the lease ends, as long as the question is in sight. */
function renew(): void {
  const leaseMs = (current.value?.body.lease_s ?? 0) * 1000;
  if (performance.now() - claimedAt > leaseMs / 3) claim();
}

const mustClaim = computed(() => {
  const ask = current.value;
  const free = ask && !ask.resolution && !ask.given && !ask.holder;
  return free && inSight.value === ask.case && link.value === 'online' ? ask.case : null;
});
effect(() => {
  if (mustClaim.value !== null) claim();
});
setInterval(renew, TICK_MS);

// ---------------------------------------------------------------- answers

/** Taps count only while the page knows what is going on. */
export const mayAnswer = computed(() => !unknown.value);

export function answer(ask: Ask, label: string, reactMs: number): void {
  if (!mayAnswer.value || pendingAnswer(ask.case) !== null) return;
  const react_ms = Math.round(reactMs);
  outbox.put({ kind: 'answer', case: ask.case, label, epoch: ask.epoch, react_ms, ...who() });
}

export function undo(ask: Ask): void {
  const sent = outbox.items.value.some((c) => c.kind === 'undo' && c.case === ask.case);
  if (!sent) outbox.put({ kind: 'undo', case: ask.case, epoch: ask.epoch, ...who() });
}

export function correct(ask: Ask, label: string): void {
  outbox.put({ kind: 'correct', case: ask.case, label, ...who() });
}

/** A look at a case without any hurry; it moves nothing. */
export function review(caseId: number, label: string): void {
  outbox.put({ kind: 'review', case: caseId, label, ...who() });
}

/** Take one's own look back: the label before counts again. */
export function unreview(caseId: number): void {
  outbox.put({ kind: 'unreview', case: caseId, ...who() });
}

export function nameReason(caseId: number, reason: string): void {
  outbox.put({ kind: 'reason', case: caseId, reason, ...who() });
}

/** What a worker saw without being asked; `case` 0 means no certain step. */
export function report(
  seen: { case: number; what: 'wrong'; label: string | null } | { case: 0; what: 'odd'; reason: string },
): void {
  outbox.put({ kind: 'report', ...seen, ...who() });
}

export function operate(
  draft:
    | { kind: 'promote'; model: string }
    | { kind: 'rollback'; model: string | null }
    | { kind: 'retrain' | 'hold' | 'unschedule' }
    | { kind: 'resume'; hold: number }
    | { kind: 'schedule'; at: string; model: string | null }
    | Pick<Word, 'kind' | 'of' | 'name' | 'lang' | 'text'>
    | { kind: 'end_alarm'; context: string }
    | { kind: 'propose'; name: string; value: number }
    | { kind: 'approve' | 'decline'; proposal: number }
    | { kind: 'maintenance'; on: boolean }
    | { kind: 'forget'; case?: number; person?: string; why: string },
): void {
  outbox.put({ ...draft, ...who() });
}

// ---------------------------------------------------------------- what became of it

const REFUSED: Partial<Record<Reply['status'], Key>> = {
  stale: 'notice.stale',
  pending: 'notice.no_reply',
};
const DONE: Partial<Record<Command['kind'], Key>> = {
  correct: 'notice.corrected',
  forget: 'notice.forgotten',
  reason: 'notice.reason',
  report: 'notice.reported',
  review: 'review.saved',
};

outbox.onReply = (command: Command, reply: Reply) => {
  const ask = ('case' in command && state.value.asks.get(command.case ?? 0)) || null;
  const params = () => ({
    by: reply.by || t('somebody'),
    label: labelText(ask?.body, reply.label ?? ''),
    reason: refusalText(reply),
  });
  // The engineer's list says itself what became of a look.
  const quiet = command.kind === 'review' && !atOperator.value;
  const done = reply.ok && !quiet ? DONE[command.kind] : undefined;
  if (done) notify(done);
  else if (reply.status === 'conflict') notify('notice.conflict', params, true);
  else if (reply.status === 'agreed') notify('notice.agreed', params);
  else if (reply.status === 'late')
    notify(command.kind === 'undo' ? 'notice.undo_late' : 'notice.late', params, true);
  else if (!reply.ok) notify(REFUSED[reply.status] ?? 'notice.refused', params, true);
};

/** Why something was refused, in the reader's language. */
export function refusalText(reply: { reason?: string; params?: Reply['params'] | undefined }): string {
  return tr('refused', reply.reason ?? '', t('refused.other'), (reply.params ?? {}) as Params);
}

onEntry((entry) => {
  const ask = state.value.asks.get(entry.case) ?? null;
  if (entry.kind === 'undo') {
    const by = String(entry.body['by'] ?? '');
    notify('notice.undone', () => ({ by: by || t('somebody') }));
  }
  if (entry.kind === 'resolution' && entry.body['outcome'] === 'answered') {
    const label = String(entry.body['label']);
    const by = String(entry.body['by']);
    const own = ask?.given?.tablet === station();
    const answer = () => labelText(ask?.body, label);
    if (own) notify('card.you_said', () => ({ answer: answer() }));
    else notify('notice.done', () => ({ by, label: answer() }));
    if (ask && wasBad(ask, label)) teaching.value = { case: entry.case, at: performance.now() };
  }
  if (entry.kind === 'resolution' && entry.body['outcome'] === 'unsure') notify('notice.unsure');
  if (entry.kind === 'resolution' && entry.body['outcome'] === 'unwritten')
    notify('outcome.unwritten', () => ({}), true);
  if (entry.kind === 'resolution' && entry.body['outcome'] === 'cancelled')
    notify('notice.cancelled', () => ({}), true);
});
onConnect(() => outbox.flushAll());
document.addEventListener('visibilitychange', () => {
  const ask = current.value;
  if (document.visibilityState === 'hidden' && ask) release(ask.case);
  else claim();
});
