/** The page's state is the ledger: a pure function of its entries. Times are `performance.now()`. */
import type {
  AnswerBody,
  AskBody,
  Bodies,
  CellQuestion,
  DecisionBody,
  Entry,
  Pulse,
  ResolutionBody,
  ReviewBody,
  Snapshot,
} from './schema';

export interface Given {
  by: string;
  tablet: string;
  label: string;
  undoUntil: number;
}

export interface Ask {
  case: number;
  seq: number;
  body: AskBody;
  askedAt: number;
  deadlineAt: number;
  epoch: number;
  holder: { by: string; tablet: string } | null;
  given: Given | null;
  answers: AnswerBody[];
  resolution: ResolutionBody | null;
  resolvedAt: number;
}

/** A step that was judged; `at` is null where nobody knows when. */
export interface Step {
  case: number;
  body: DecisionBody;
  at: number | null;
}

/** The newest entry of a kind: when (null where nobody knows) and by whom. */
export interface Mark {
  seq: number;
  at: number | null;
  by: string;
}

const MARKED: ReadonlySet<string> = new Set(['start', 'maintenance', 'hold', 'resume', 'resolution']);

export interface State {
  ledger: string | null;
  seq: number;
  cell: string;
  /** The monitor advises only: it moves nothing. */
  shadow: boolean;
  model: string | null;
  maintenance: boolean;
  asks: ReadonlyMap<number, Ask>;
  labels: ReadonlySet<string>;
  /** The words of the cell's question; null before the monitor started. */
  question: CellQuestion | null;
  /** The newest steps, newest first. */
  steps: readonly Step[];
  /** The newest case offered for a look without any hurry. */
  review: { case: number; body: ReviewBody } | null;
  /** Causes people named, by case. */
  reasons: ReadonlyMap<number, string>;
  /** What changed the state of the line last, by kind of entry. */
  marks: ReadonlyMap<string, Mark>;
}

export const EMPTY: State = {
  ledger: null,
  seq: 0,
  cell: '',
  shadow: false,
  model: null,
  maintenance: false,
  asks: new Map(),
  labels: new Set(),
  question: null,
  steps: [],
  review: null,
  reasons: new Map(),
  marks: new Map(),
};
const KEPT = 60;
const STEPS_KEPT = 12;

/** Is this the entry that must come next? Older ones are known already; newer ones mean a gap. */
export function follows(state: State, entry: Entry): 'known' | 'next' | 'gap' {
  if (entry.seq <= state.seq) return 'known';
  return entry.seq === state.seq + 1 ? 'next' : 'gap';
}

/** State after one entry. Unknown kinds change nothing but the position. */
export function apply(state: State, entry: Entry, now: number): State {
  const change = reduce(state, entry, now);
  const marks = marked(state.marks, entry, now);
  return { ...state, ...change, marks, seq: Math.max(state.seq, entry.seq) };
}

/** State of a snapshot: the same rules, starting from nothing. */
export function fromSnapshot(snapshot: Snapshot, now: number): State {
  const state = snapshot.entries.reduce((s, e) => apply(s, e, now), EMPTY);
  return { ...state, ledger: snapshot.ledger, seq: snapshot.seq };
}

function reduce(state: State, entry: Entry, now: number): Partial<State> {
  const body = entry.body as never;
  switch (entry.kind as keyof Bodies | 'rollback') {
    case 'start':
      return started(body as Bodies['start']);
    case 'promote':
    case 'rollback':
      return { model: (body as Bodies['promote']).model };
    case 'config':
      return { question: (body as Bodies['config']).question ?? state.question };
    case 'maintenance':
      return { maintenance: (body as Bodies['maintenance']).on };
    case 'label':
      return withLabel(state, body as Bodies['label']);
    case 'reason':
      return { reasons: new Map(state.reasons).set(entry.case, String(body['reason'])) };
    case 'decision':
      return { steps: [stepOf(entry, now), ...state.steps].slice(0, STEPS_KEPT) };
    case 'review':
      return { review: { case: entry.case, body: body as ReviewBody } };
    case 'ask':
      return { asks: put(state, opened(entry, body as AskBody, now)) };
    default:
      return changeAsk(state, entry, now);
  }
}

function marked(marks: State['marks'], entry: Entry, now: number): State['marks'] {
  const { kind, seq, body } = entry;
  if (!MARKED.has(kind)) return marks;
  // A hold has several stages; it began with the first one after the last resume.
  const hold = marks.get('hold');
  if (kind === 'hold' && hold && hold.seq > (marks.get('resume')?.seq ?? 0)) return marks;
  const at = entry.age_ms == null ? null : now - entry.age_ms;
  return new Map(marks).set(kind, { seq, at, by: String(body['by'] ?? '') });
}

function started({ cell, shadow, question }: Bodies['start']): Partial<State> {
  return { cell, shadow: shadow === true, question: question ?? null };
}

function stepOf(entry: Entry, now: number): Step {
  const body = entry.body as never as DecisionBody;
  return { case: entry.case, body, at: entry.age_ms == null ? null : now - entry.age_ms };
}

function withLabel(state: State, body: Bodies['label']): Partial<State> {
  if (body.label === null || state.labels.has(body.label)) return {};
  return { labels: new Set([...state.labels, body.label]) };
}

function opened(entry: Entry, body: AskBody, now: number): Ask {
  return {
    case: entry.case,
    seq: entry.seq,
    body,
    askedAt: now - (entry.age_ms ?? 0),
    deadlineAt: now + (entry.left_ms ?? body.deadline_s * 1000),
    epoch: 0,
    holder: null,
    given: null,
    answers: [],
    resolution: null,
    resolvedAt: 0,
  };
}

function changeAsk(state: State, entry: Entry, now: number): Partial<State> {
  const ask = state.asks.get(entry.case);
  const change = ask && askChange(ask, entry, now);
  return ask && change ? { asks: put(state, { ...ask, ...change }) } : {};
}

function askChange(ask: Ask, entry: Entry, now: number): Partial<Ask> | null {
  const body = entry.body as never;
  switch (entry.kind as keyof Bodies) {
    case 'claim': {
      const { by, tablet, epoch } = body as Bodies['claim'];
      return { holder: { by, tablet }, epoch };
    }
    case 'release':
      return { holder: null };
    case 'answer':
      return answered(ask, body as AnswerBody, now);
    case 'undo':
      return { given: null, holder: null, epoch: (body as Bodies['undo']).epoch };
    case 'resolution':
      return { resolution: body as ResolutionBody, resolvedAt: now, holder: null };
    default:
      return null;
  }
}

function answered(ask: Ask, body: AnswerBody, now: number): Partial<Ask> {
  const answers = [...ask.answers, body];
  if (body.status !== 'accepted') return { answers };
  const { by, tablet, label } = body;
  const undoUntil = now + ask.body.undo_s * 1000;
  return { answers, holder: null, given: { by, tablet, label, undoUntil } };
}

function put(state: State, ask: Ask): Map<number, Ask> {
  const asks = new Map(state.asks).set(ask.case, ask);
  const closed = [...asks.values()].filter((a) => a.resolution);
  for (const old of closed.slice(0, Math.max(0, closed.length - KEPT))) asks.delete(old.case);
  return asks;
}

/** The heartbeat knows the monitor's own clock: trust it for every countdown. */
export function corrected(state: State, pulse: Pulse, now: number): State {
  const times = pulse.state.asks;
  if (!times) return state;
  const asks = new Map(state.asks);
  for (const [key, time] of Object.entries(times)) {
    const ask = asks.get(Number(key));
    if (!ask) continue;
    const given =
      ask.given && time.undo_ms != null
        ? { ...ask.given, undoUntil: now + time.undo_ms }
        : ask.given;
    asks.set(ask.case, { ...ask, deadlineAt: now + time.left_ms, given });
  }
  return { ...state, asks };
}

/** Deadlines in the same second are as good as one; then the cost decides. */
const TOGETHER_NS = 1e9;

/** Open asks in the order they must be answered: by deadline, then by what a mistake costs. */
export function queue(state: State): Ask[] {
  const due = (ask: Ask) => Math.floor(ask.body.deadline_wall_ns / TOGETHER_NS);
  const cost = (ask: Ask) => ask.body.cost ?? 1;
  return [...state.asks.values()]
    .filter((ask) => !ask.resolution)
    .sort((a, b) => due(a) - due(b) || cost(b) - cost(a) || a.deadlineAt - b.deadlineAt || a.case - b.case);
}

/** The ask a free tablet should show: the most urgent one that nobody else looks at. */
export function nextFor(state: State, tablet: string): Ask | null {
  const free = queue(state).filter((a) => !a.given && (a.holder?.tablet ?? tablet) === tablet);
  return free[0] ?? null;
}

/** Answers given on this tablet, newest first. */
export function ownAnswers(state: State, tablet: string, limit = 5): Ask[] {
  return [...state.asks.values()]
    .filter((ask) => ask.resolution && ask.answers.some((a) => a.tablet === tablet))
    .sort((a, b) => b.case - a.case)
    .slice(0, limit);
}
