/** O3: nothing to answer here. Every statement about the line says how old it is. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { guard } from '../core/guard';
import { plant, t, tr } from '../core/i18n';
import { prefs } from '../core/prefs';
import { ownAnswers, type Ask } from '../core/state';
import { beat, state } from '../core/transport';
import { HoldButton } from '../ui/HoldButton';
import { TapButton } from '../ui/TapButton';
import { Answers } from './Answers';
import { correct, labelText, operate, waiting } from './desk';
import { lineMode, lineText, ModeGlyph } from './Header';
import { Queue } from './Queue';
import { Review } from './Review';

export function Idle() {
  const [fixing, setFixing] = useState<number | null>(null);
  useLayoutEffect(() => guard.changed(performance.now()), [fixing]);
  const ask = fixing === null ? undefined : state.value.asks.get(fixing);
  if (ask) return <Correction ask={ask} done={() => setFixing(null)} />;
  return (
    <section class="idle">
      <div class="big">
        <ModeGlyph mode={lineMode()} />
        <h1>{lineText()}</h1>
      </div>
      {lineMode() === 'held' && <Held />}
      <BudgetWarning />
      {waiting.value.length === 0 && <Review />}
      {waiting.value.length > 0 ? <Queue close={() => undefined} /> : <Own fix={setFixing} />}
    </section>
  );
}

/** More questions this hour than the plant wants to ask. */
function BudgetWarning() {
  const now = beat.value?.pulse.state;
  const n = now?.asks_last_hour ?? 0;
  const warn = now?.budget_warn ?? 0;
  return warn > 0 && n > warn ? <p role="status">▲ {t('budget.warn', { n, warn })}</p> : null;
}

/** Why the process is held, in the monitor's words, and how it goes on. */
function Held() {
  const why = beat.value?.pulse.state.held;
  return (
    <div class="held-why">
      {why && <h2>{t('idle.held', { why })}</h2>}
      <p>{t('idle.held_what')}</p>
      <HoldButton onDone={() => operate({ kind: 'resume' })}>{t('idle.resume')}</HoldButton>
    </div>
  );
}

function Own({ fix }: { fix: (caseId: number) => void }) {
  const own = ownAnswers(state.value, prefs.value.tablet);
  if (own.length === 0 && lineMode() === 'held') return null;
  return (
    <section class="queue">
      <h2>{own.length ? t('idle.own') : t('idle.none')}</h2>
      <ol>
        {own.map((ask) => (
          <li key={ask.case}>
            <div class="row-text">
              <b>{ownText(ask)}</b>
              <span>
                <bdi>{Object.values(ask.body.facts).join(' · ')}</bdi>
              </span>
              <span>{tr('outcome', ask.resolution?.outcome ?? '')}</span>
            </div>
            <TapButton onTap={() => fix(ask.case)}>{t('idle.correct')}</TapButton>
          </li>
        ))}
      </ol>
    </section>
  );
}

function ownText(ask: Ask): string {
  const mine = ask.answers.filter((a) => a.tablet === prefs.value.tablet).pop();
  return mine ? t('card.you_said', { answer: labelText(ask, mine.label) }) : '';
}

function Correction({ ask, done }: { ask: Ask; done: () => void }) {
  const send = (label: string) => {
    correct(ask, label);
    done();
  };
  return (
    <article class="card">
      <section class="question">
        <h1>{plant(ask.body.text, t('card.question'))}</h1>
        <p>{t('idle.correct_what')}</p>
        <TapButton onTap={done}>{t('card.close')}</TapButton>
      </section>
      <Answers ask={ask} onAnswer={send} withNotSure={false} />
    </article>
  );
}
