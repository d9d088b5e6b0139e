/** O1: one question, its evidence, and the answers in fixed places. */
import { useEffect, useRef } from 'preact/hooks';
import { useGet } from '../core/api';
import { useAnswerKeys } from './keys';
import { knownAt, now, secondsLeft, unknown } from '../core/clock';
import { clockTime, plant, t, tr } from '../core/i18n';
import { station } from '../core/me';
import type { Evidence as EvidenceDoc } from '../core/schema';
import type { Ask } from '../core/state';
import { Glyph } from '../ui/Glyph';
import { Ring } from '../ui/Ring';
import { TapButton } from '../ui/TapButton';
import { Words } from '../ui/Words';
import { Answers } from './Answers';
import { answer, close, labelText, pendingAnswer, showCase, undo } from './desk';
import { Evidence, Still } from './Evidence';
import { heldNow, lineText } from './Header';
import { Resume } from './Resume';

const URGENT_SHARE = 0.25;

export function Card({ ask }: { ask: Ask }) {
  const shownAt = useRef(performance.now());
  const doc = useGet<EvidenceDoc>(`/api/cases/${ask.case}/evidence`);
  useEffect(() => showCase(ask.case), [ask.case]);
  const tap = (label: string) => answer(ask, label, performance.now() - shownAt.current);
  useAnswerKeys(ask, tap);
  return (
    <article class="card" data-case={ask.case}>
      <section class={`question ${ask.resolution ? 'after' : ''}`}>
        <h1>
          <Words text={plant(ask.body.text, t('card.question'))} />
        </h1>
        <Facts facts={ask.body.facts} />
        <Holder ask={ask} />
        <div class="picture">{doc?.still && <Still caseId={ask.case} />}</div>
        <Time ask={ask} />
      </section>
      <Evidence of={ask.body} doc={doc} />
      <Bottom ask={ask} tap={tap} />
    </article>
  );
}

const FIRST_FACTS = ['part_id', 'part', 'operation', 'tool', 'program'];

function Facts({ facts }: { facts: Record<string, string> }) {
  const names = [
    ...FIRST_FACTS.filter((n) => n in facts),
    ...Object.keys(facts).filter((n) => !FIRST_FACTS.includes(n)),
  ];
  return (
    <dl class="facts">
      {names.map((name) => (
        <div key={name}>
          <dt>{tr('fact', name)}</dt>
          <dd>
            <bdi>{facts[name]}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Holder({ ask }: { ask: Ask }) {
  const other = ask.holder && ask.holder.tablet !== station() && !ask.given;
  return (
    <p class="holder">{other ? t('card.held_by', { by: ask.holder?.by ?? '' }) : ' '}</p>
  );
}

/** The upper left place: countdown before the tap, Undo after it. No answer is ever here. */
function Time({ ask }: { ask: Ask }) {
  if (unknown.value) return <Unknown />;
  if (ask.resolution) return <Over ask={ask} />;
  if (ask.given) return <UndoPlace ask={ask} until={ask.given.undoUntil} />;
  const left = secondsLeft(ask.deadlineAt, now.value, ask.body.deadline_s);
  const share = (ask.deadlineAt - now.value) / (ask.body.deadline_s * 1000);
  return (
    <div class="time">
      <Ring share={share} text={String(left)} urgent={share < URGENT_SHARE} />
      <p id="fail-safe">{t('card.no_answer', { then: tr('fail_safe', ask.body.fail_safe) })}</p>
    </div>
  );
}

/** What was true is not repeated as if it still were. */
function Unknown() {
  const since = knownAt.value;
  return (
    <div class="time">
      <Ring share={0} text="?" />
      <p>{since === null ? t('line.never') : t('card.unknown', { time: clockTime(since) })}</p>
    </div>
  );
}

function UndoPlace({ ask, until }: { ask: Ask; until: number }) {
  const left = secondsLeft(until, now.value, ask.body.undo_s);
  return (
    <div class="time">
      <TapButton id="undo" class="undo" disabled={left === 0} onTap={() => undo(ask)}>
        <Glyph name="undo" />
        <span>{t('card.undo', { n: left })}</span>
      </TapButton>
      <p>{t('card.undo_hold')}</p>
    </div>
  );
}

/** It is over: what happened, what the robot does, and what can be done now. */
function Over({ ask }: { ask: Ask }) {
  const { outcome = '', action } = ask.resolution ?? {};
  if (outcome !== 'expired') {
    return (
      <div class="time">
        <p class="ended">{tr('outcome', outcome)}</p>
      </div>
    );
  }
  const held = heldNow();
  // Somebody resumed meanwhile: it waits no more.
  const goesOn = !held && (action === 'hold' || action === 'stop');
  return (
    <div class="time expired" role="status">
      <div class="ended">
        <p>{goesOn ? tr('outcome', outcome) : t('card.expired', { then: tr('fail_safe', action ?? '') })}</p>
        <p>{held ? t('idle.held_what') : lineText()}</p>
        <small>{t('card.expired_answer')}</small>
      </div>
      <div class="tiles">
        {held && <Resume />}
        <TapButton id="close" onTap={close}>
          {t('card.close')}
        </TapButton>
      </div>
    </div>
  );
}

/** The answers; once one was given they are out of reach and what was said covers their place. */
function Bottom({ ask, tap }: { ask: Ask; tap: (label: string) => void }) {
  const pending = pendingAnswer(ask.case);
  const settled = ask.resolution && ask.resolution.outcome !== 'expired';
  const told = ask.resolution && ask.answers.some((a) => a.tablet === station());
  const said = pending !== null || ask.given || settled || told;
  return (
    <div class={`bottom ${said ? 'over' : ''}`}>
      <Answers of={ask.body} onAnswer={tap} learning={ask.resolution?.outcome === 'expired'} />
      {said && (
        <p class="said" role="status">
          {saidText(ask, pending)}
        </p>
      )}
    </div>
  );
}

function saidText(ask: Ask, pending: string | null): string {
  if (ask.given && !ask.resolution) {
    const answer = labelText(ask.body, ask.given.label);
    return ask.given.tablet === station()
      ? t('card.you_said', { answer })
      : t('card.other_said', { by: ask.given.by, answer });
  }
  if (pending !== null) return t('card.sending', { answer: labelText(ask.body, pending) });
  return t('card.thanks');
}
