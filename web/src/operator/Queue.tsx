/** O2: everything that waits, most urgent first, and who looks at it. */
import { now, secondsLeft } from '../core/clock';
import { age, plant, t } from '../core/i18n';
import { station } from '../core/me';
import type { Ask } from '../core/state';
import { Glyph } from '../ui/Glyph';
import { TapButton } from '../ui/TapButton';
import { labelText, open, undo, waiting } from './desk';

export function Queue({ close }: { close: () => void }) {
  return (
    <section class="queue">
      <h1>{t('queue.title')}</h1>
      {waiting.value.length === 0 && <p>{t('queue.empty')}</p>}
      <ol>
        {waiting.value.map((ask) => (
          <Row key={ask.case} ask={ask} close={close} />
        ))}
      </ol>
    </section>
  );
}

function Row({ ask, close }: { ask: Ask; close: () => void }) {
  const show = () => {
    open(ask.case);
    close();
  };
  return (
    <li>
      <Glyph name="asks" />
      <div class="row-text">
        <b>{plant(ask.body.text, t('card.question'))}</b>
        <span>
          <bdi>{Object.values(ask.body.facts).join(' · ')}</bdi>
        </span>
        <span>
          {whoText(ask)} · {t('queue.asked', { age: age(now.value - ask.askedAt) })}
        </span>
      </div>
      <span class="left">{t('time.s', { n: secondsLeft(ask.deadlineAt, now.value) })}</span>
      {ask.given ? (
        <TapButton onTap={() => undo(ask)}>
          <Glyph name="undo" />
          {t('card.undo', { n: secondsLeft(ask.given.undoUntil, now.value) })}
        </TapButton>
      ) : (
        <TapButton onTap={show}>{t('queue.open')}</TapButton>
      )}
    </li>
  );
}

export function whoText(ask: Ask): string {
  if (ask.given)
    return t('card.other_said', { by: ask.given.by, answer: labelText(ask.body, ask.given.label) });
  if (!ask.holder) return t('queue.nobody');
  if (ask.holder.tablet === station()) return t('queue.you');
  return t('card.held_by', { by: ask.holder.by });
}
