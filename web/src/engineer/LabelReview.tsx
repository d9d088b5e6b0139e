/** E5: cases worth a second opinion, one at a time, one key each; blind, like a question. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { unknown } from '../core/clock';
import { guard } from '../core/guard';
import { dateTime, number, plant, t, tr } from '../core/i18n';
import { person, plain } from '../core/me';
import type { AskClass, CaseDoc, DecisionBody, LabelBody, ReviewList, ReviewReason, ReviewRow } from '../core/schema';
import { state } from '../core/transport';
import { labelText, NOT_SURE, outbox, review, unreview } from '../operator/desk';
import { TapButton } from '../ui/TapButton';
import { Words } from '../ui/Words';
import { play, stepBy } from './play';
import { ReviewEvidence } from './ReviewEvidence';
import { useReviewKeys } from './review-keys';
import { useVersion } from './version';

/** Keys 1 to 9; further classes have buttons only. */
const KEYS = 9;

/** Whether this person said already what the case is: somebody else must judge it. */
function own(row: ReviewRow): boolean {
  return row.by.includes(plain(person()));
}

/** Declared classes first, then names people gave where they may. */
function choices(): Pick<AskClass, 'name' | 'text'>[] {
  const { classes = [], open_classes } = state.value.question ?? {};
  const declared = classes.map((c) => c.name);
  const given = open_classes ? [...state.value.labels].filter((l) => !declared.includes(l)) : [];
  return [...classes, ...given.map((name) => ({ name, text: {} }))];
}

export function LabelReview() {
  const list = useGet<ReviewList>('/api/review', useVersion());
  const [only, setOnly] = useState<string | null>(null);
  const [later, setLater] = useState<ReadonlySet<number>>(new Set());
  const [said, setSaid] = useState<ReviewRow[]>([]);
  const [back, setBack] = useState<ReviewRow | null>(null);
  const last = useRef<ReviewList | null>(null);
  const seen = useRef<number | null>(null);
  if (list) last.current = list;
  const shown = list ?? last.current;
  if (!shown) return null;
  const asked = shown.cases.filter((r) => only === null || r.why === only);
  const open = asked.filter((r) => !said.some((s) => s.case === r.case));
  const mine = open.filter(own);
  const todo = open.filter((r) => !own(r));
  // What comes in meanwhile does not take away the case somebody looks at.
  const kept = todo.find((r) => r.case === seen.current && !later.has(r.case));
  const row = back ?? kept ?? todo.find((r) => !later.has(r.case)) ?? todo[0] ?? null;
  seen.current = row?.case ?? null;
  const count = (why: string | null) =>
    shown.reasons.reduce((sum, r) => sum + (why === null || why === r.why ? r.n : 0), 0);
  const left = Math.max(todo.length, count(only) - mine.length - (asked.length - open.length));

  const decide = (label: string) => {
    if (!row || unknown.value) return;
    review(row.case, label);
    setSaid([...said.filter((s) => s.case !== row.case), row]);
    setBack(null);
  };
  const undo = () => {
    const before = said[said.length - 1];
    if (!before || back || underway(before.case)) return;
    unreview(before.case);
    setSaid(said.slice(0, -1));
    setBack(before);
  };
  const postpone = () => {
    if (!row || todo.length < 2) return;
    const all = todo.every((r) => r.case === row.case || later.has(r.case));
    setLater(all ? new Set([row.case]) : new Set([...later, row.case]));
    setBack(null);
  };
  return (
    <section class="label-review">
      <Reasons of={shown.reasons} only={only} choose={(why) => (setOnly(why), setBack(null))} all={count(null)} />
      <div class="progress" role="status">
        <b>{t('look.left', { n: left })}</b>
        {said.length > 0 && <span>{t('look.done', { n: said.length })}</span>}
        {mine.length > 0 && <span>{t('look.own', { n: mine.length })}</span>}
      </div>
      {row ? (
        <One key={row.case} row={row} decide={decide} undo={undo} postpone={postpone} undoable={said.length > 0} />
      ) : (
        <Nothing undo={undo} undoable={said.length > 0} />
      )}
      {said.length > 0 && <Outcome caseId={said[said.length - 1]!.case} />}
    </section>
  );
}

/** A look that is still on its way cannot be taken back yet. */
function underway(caseId: number): boolean {
  return outbox.items.value.some((c) => 'case' in c && c.case === caseId);
}

interface ReasonsProps {
  of: ReviewReason[];
  only: string | null;
  choose: (why: string | null) => void;
  all: number;
}

function Reasons({ of, only, choose, all }: ReasonsProps) {
  return (
    <div class="filters" role="group" aria-label={t('eng.filter')}>
      <button type="button" aria-pressed={only === null} onClick={() => choose(null)}>
        {t('eng.all')} ({number(all, 6)})
      </button>
      {of
        .filter(({ why, n }) => n > 0 || why === only)
        .map(({ why, n }) => (
          <button key={why} type="button" aria-pressed={only === why} onClick={() => choose(why)}>
            {tr('look_why', why)} ({number(n, 6)})
          </button>
        ))}
    </div>
  );
}

interface OneProps {
  row: ReviewRow;
  decide: (label: string) => void;
  undo: () => void;
  postpone: () => void;
  undoable: boolean;
}

function One({ row, decide, undo, postpone, undoable }: OneProps) {
  const head = useRef<HTMLHeadingElement>(null);
  const classes = choices();
  useLayoutEffect(() => {
    guard.changed(performance.now());
    head.current?.focus({ preventScroll: true });
  }, []);
  useReviewKeys({ labels: classes.slice(0, KEYS).map((c) => c.name), decide, undo, postpone, play, stepBy });
  return (
    <article class="look" data-look={row.case}>
      <div class="look-case">
        <h2 ref={head} tabIndex={-1}>
          <Words text={plant(state.value.question?.text, t('card.question'))} />
        </h2>
        <p>
          <b>{tr('look_why', row.why)}</b> · {t('case.title', { n: String(row.case) })} · {dateTime(row.t_ns / 1e6)}
        </p>
        <p>
          <bdi>{Object.values(row.facts).join(' · ') || row.context}</bdi>
        </p>
      </div>
      <div class="look-answers" role="group" aria-label={t('answer.title')}>
        {classes.map((c, i) => (
          <Choice key={c.name} mark={i < KEYS ? String(i + 1) : ''} onTap={() => decide(c.name)}>
            <Words text={plant(c.text, c.name)} />
          </Choice>
        ))}
        {state.value.question?.open_classes && <NewName decide={decide} />}
        <Choice mark="0" onTap={() => decide(NOT_SURE)}>
          {t('answer.not_sure')}
        </Choice>
        <Choice id="later" mark="L" onTap={postpone}>
          {t('look.later')}
        </Choice>
        <Choice id="undo-look" mark="Z" disabled={!undoable} onTap={undo}>
          {t('look.undo')}
        </Choice>
      </div>
      <ReviewEvidence caseId={row.case} />
    </article>
  );
}

interface ChoiceProps {
  mark: string;
  onTap: () => void;
  children: preact.ComponentChildren;
  id?: string;
  disabled?: boolean;
}

/** A key and a button are the same thing; the button says which key. */
export function Choice({ mark, onTap, children, id, disabled = false }: ChoiceProps) {
  return (
    <TapButton {...(id ? { id } : {})} class="choice" disabled={disabled || unknown.value} onTap={onTap}>
      {mark && <kbd>{mark}</kbd>}
      <span>{children}</span>
    </TapButton>
  );
}

function NewName({ decide }: { decide: (label: string) => void }) {
  const [text, setText] = useState('');
  const clean = text.trim();
  const send = (event: Event) => {
    event.preventDefault();
    if (clean && clean !== NOT_SURE && guard.accepts(performance.now())) decide(clean);
  };
  return (
    <form onSubmit={send}>
      <input
        aria-label={t('answer.new_name')}
        placeholder={t('answer.new_name')}
        maxLength={80}
        dir="auto"
        value={text}
        onInput={(e) => setText(e.currentTarget.value)}
      />
    </form>
  );
}

function Nothing({ undo, undoable }: Pick<OneProps, 'undo' | 'undoable'>) {
  const ignore = () => undefined;
  useReviewKeys({ labels: [], decide: ignore, undo, postpone: ignore, play: ignore, stepBy: ignore });
  return (
    <div class="look-none">
      <p>{t('look.none')}</p>
      {undoable && (
        <Choice id="undo-look" mark="Z" onTap={undo}>
          {t('look.undo')}
        </Choice>
      )}
    </div>
  );
}

/** What became of the case before: only now who was of which opinion. */
function Outcome({ caseId }: { caseId: number }) {
  const doc = useGet<CaseDoc>(`/api/cases/${caseId}`, useVersion());
  const [kept, setKept] = useState<CaseDoc | null>(null);
  useEffect(() => {
    if (doc) setKept(doc);
  }, [doc]);
  if (kept?.case !== caseId) return <p class="look-outcome" role="status" />;
  const labels = kept.entries.filter((e) => e.kind === 'label').map((e) => e.body as unknown as LabelBody);
  const decision = kept.entries.find((e) => e.kind === 'decision')?.body as unknown as DecisionBody | undefined;
  const name = (label: string | null | undefined) =>
    label ? labelText(state.value.question, label) : t('look.nobody');
  const probs = Object.entries(decision?.probs ?? {}).sort((a, b) => b[1] - a[1]);
  const first = labels.find((l) => l.source !== 'review');
  return (
    <p class="look-outcome" role="status">
      <a href={`#/engineer/case/${caseId}`}>{t('case.title', { n: String(caseId) })}</a>
      {': '}
      {t('look.outcome', {
        first: name(first?.label),
        model: name(decision?.label ?? probs[0]?.[0]),
        now: name(labels[labels.length - 1]?.label),
      })}
    </p>
  );
}
