/** Something a worker saw without being asked. It is written down; nothing moves. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { now } from '../core/clock';
import { guard } from '../core/guard';
import { age, plant, t, tr } from '../core/i18n';
import type { Step } from '../core/state';
import { state } from '../core/transport';
import { Glyph } from '../ui/Glyph';
import { TapButton } from '../ui/TapButton';
import { Answers } from './Answers';
import { report } from './desk';
import { Reasons } from './Reasons';

const SHOWN = 3;
type Page = 'start' | 'odd' | Step;

export function Report({ done }: { done: () => void }) {
  const [page, setPage] = useState<Page>('start');
  const name = typeof page === 'string' ? page : page.case;
  useLayoutEffect(() => guard.changed(performance.now()), [name]);
  if (page === 'odd') return <Odd done={done} />;
  if (page !== 'start') return <Wrong step={page} done={done} />;
  return <Start choose={setPage} done={done} />;
}

/** Steps that are over: one that still waits for an answer is answered, not reported. */
function steps(): Step[] {
  const { asks, steps } = state.value;
  return steps.filter((s) => !asks.has(s.case) || asks.get(s.case)?.resolution).slice(0, SHOWN);
}

function Start({ choose, done }: { choose: (page: Page) => void; done: () => void }) {
  // The list stays as it was opened: nothing moves under the finger.
  const [list] = useState(steps);
  return (
    <section class="sheet">
      <Head title={t('report.title')} hint={t('report.moves')} done={done} />
      {list.length > 0 && <h2>{t('report.wrong')}</h2>}
      <div class="choices">
        {list.map((step) => (
          <TapButton key={step.case} class="row" onTap={() => choose(step)}>
            <Glyph name="part" />
            <span class="row-text">
              <StepText step={step} />
            </span>
          </TapButton>
        ))}
        <TapButton id="odd" class="row" onTap={() => choose('odd')}>
          <Glyph name="unknown" />
          <b>{t('report.odd')}</b>
        </TapButton>
      </div>
    </section>
  );
}

function StepText({ step }: { step: Step }) {
  const { facts, action } = step.body;
  const did = action ?? state.value.asks.get(step.case)?.resolution?.action;
  const parts = [did && tr('action', did), step.at !== null && age(now.value - step.at)];
  return (
    <>
      <b>
        <bdi>{Object.values(facts).join(' · ') || t('case.title', { n: String(step.case) })}</bdi>
      </b>
      <span>{parts.filter(Boolean).join(' · ')}</span>
    </>
  );
}

function Head({ title, hint, done }: { title: string; hint: string; done: () => void }) {
  return (
    <div class="sheet-head">
      <div>
        <h1>{title}</h1>
        <p>{hint}</p>
      </div>
      <TapButton id="close" onTap={done}>
        {t('card.close')}
      </TapButton>
    </div>
  );
}

function Wrong({ step, done }: { step: Step; done: () => void }) {
  const send = (label: string | null) => {
    report({ case: step.case, what: 'wrong', label });
    done();
  };
  const question = state.value.question;
  return (
    <article class="card plain">
      <section class="question">
        <h1>{question?.text ? plant(question.text, t('card.question')) : t('card.question')}</h1>
        <p class="step-text">
          <StepText step={step} />
        </p>
        <p>{t('idle.correct_what')}</p>
        <div class="tiles">
          <TapButton id="just-wrong" onTap={() => send(null)}>
            {t('report.just_wrong')}
          </TapButton>
          <TapButton onTap={done}>{t('card.close')}</TapButton>
        </div>
      </section>
      <Answers
        of={{ classes: question?.classes ?? [], open_classes: question?.open_classes ?? false }}
        onAnswer={send}
        withNotSure={false}
        learning
      />
    </article>
  );
}

function Odd({ done }: { done: () => void }) {
  const send = (reason: string) => {
    report({ case: 0, what: 'odd', reason });
    done();
  };
  return (
    <section class="sheet">
      <Head title={t('report.odd')} hint={t('report.moves')} done={done} />
      <Reasons onReason={send} />
    </section>
  );
}
