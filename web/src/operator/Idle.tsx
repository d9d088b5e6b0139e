/** O3: nothing to answer here. Every statement about the line says how old it is. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { now } from '../core/clock';
import { guard } from '../core/guard';
import { age, plant, t, tr } from '../core/i18n';
import { station } from '../core/me';
import { ownAnswers, type Ask, type State } from '../core/state';
import { beat, state } from '../core/transport';
import { Glyph } from '../ui/Glyph';
import { TapButton } from '../ui/TapButton';
import { Answers } from './Answers';
import { correct, labelText, teaching, waiting } from './desk';
import { heldNow, lineMode, lineText, ModeGlyph, silent, silentText } from './Header';
import { Queue } from './Queue';
import { Report } from './Report';
import { Resume } from './Resume';
import { offer, Review, ReviewOffer } from './Review';
import { Teach } from './Teach';

type Offered = NonNullable<State['review']>;
type Doing = { what: 'fix'; case: number } | ({ what: 'review' } & Offered) | { what: 'report' } | null;

export function Idle() {
  const [doing, setDoing] = useState<Doing>(null);
  const teach = teaching.value?.case ?? null;
  const offered = waiting.value.length === 0 ? offer() : null;
  const rows = ownAnswers(state.value, station()).map((a) => a.case);
  const blind = silent().length > 0;
  const name = [doing?.what, doing && 'case' in doing && doing.case, teach, offered?.case, rows, blind].join('|');
  useLayoutEffect(() => guard.changed(performance.now()), [name]);
  const done = () => setDoing(null);
  const ask = doing?.what === 'fix' ? state.value.asks.get(doing.case) : undefined;
  if (ask) return <Correction ask={ask} done={done} />;
  if (doing?.what === 'review') return <Review of={doing} done={done} />;
  if (doing?.what === 'report') return <Report done={done} />;
  if (teach !== null) return <Teach caseId={teach} />;
  return (
    <section class="idle">
      <div class="big">
        <ModeGlyph mode={lineMode()} />
        <h1>{lineText()}</h1>
      </div>
      {blind && (
        <p class="no-data" role="status">
          ▲ {silentText()}
        </p>
      )}
      {heldNow() && <Held />}
      <Figures />
      <div class="tiles">
        <TapButton id="report" onTap={() => setDoing({ what: 'report' })}>
          <Glyph name="report" />
          {t('idle.report')}
        </TapButton>
      </div>
      {offered && <ReviewOffer look={() => setDoing({ what: 'review', ...offered })} />}
      {waiting.value.length > 0 ? (
        <Queue close={() => undefined} />
      ) : (
        <Own fix={(n) => setDoing({ what: 'fix', case: n })} />
      )}
    </section>
  );
}

/** Why the process is held, and how it goes on. */
function Held() {
  const why = (beat.value?.pulse.state.held_for ?? []).map((r) =>
    tr('held', r.key, r.key, { n: r.n ?? 0, by: r.by ?? '' }),
  );
  return (
    <div class="held-why">
      {why.length > 0 && <h2>{t('idle.held', { why: why.join(', ') })}</h2>}
      <p>{t('idle.held_what')}</p>
      <Resume />
    </div>
  );
}

/** How much was asked, against what is wanted, and how much the cell does alone by now. */
function Figures() {
  const told = lineMode() === 'unknown' ? undefined : beat.value?.pulse.state;
  if (!told || told.asks_last_hour == null) return null;
  const { asks_last_hour: asks, budget_warn: warn, cases, acted, asked } = told;
  const over = Boolean(warn) && asks > (warn ?? 0);
  return (
    <div class={`load ${over ? 'over' : ''}`} role="status">
      <p>
        {over && <b>▲ {t('idle.over_budget')} </b>}
        {t('idle.asks_hour', { n: asks })}
        {warn ? ` · ${t('idle.asks_wanted', { n: warn })}` : ''}
      </p>
      {cases ? <p>{t('idle.progress', { n: cases, acted: acted ?? 0, asked: asked ?? 0 })}</p> : null}
    </div>
  );
}

function Own({ fix }: { fix: (caseId: number) => void }) {
  const own = ownAnswers(state.value, station());
  if (own.length === 0 && (heldNow() || silent().length > 0)) return null;
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
              <span>
                {tr('outcome', ask.resolution?.outcome ?? '')} · {age(now.value - ask.askedAt)}
              </span>
            </div>
            <TapButton onTap={() => fix(ask.case)}>{t('idle.correct')}</TapButton>
          </li>
        ))}
      </ol>
    </section>
  );
}

function ownText(ask: Ask): string {
  const mine = ask.answers.filter((a) => a.tablet === station()).pop();
  if (!mine) return '';
  const said = t('card.you_said', { answer: labelText(ask.body, mine.label) });
  const { by, label } = ask.resolution ?? {};
  // The robot did what somebody else said.
  if (mine.status !== 'conflict' || !label) return said;
  return `${said}. ${t('notice.conflict', { by: by || t('somebody'), label: labelText(ask.body, label) })}`;
}

function Correction({ ask, done }: { ask: Ask; done: () => void }) {
  const send = (label: string) => {
    correct(ask, label);
    done();
  };
  return (
    <article class="card plain">
      <section class="question">
        <h1>{plant(ask.body.text, t('card.question'))}</h1>
        <p>{t('idle.correct_what')}</p>
        <TapButton onTap={done}>{t('card.close')}</TapButton>
      </section>
      <Answers of={ask.body} onAnswer={send} withNotSure={false} learning />
    </article>
  );
}
