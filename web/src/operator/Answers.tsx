/** The answers: same order, same place, every time. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { guard } from '../core/guard';
import { plant, t, tr } from '../core/i18n';
import type { AskBody, AskClass } from '../core/schema';
import { state } from '../core/transport';
import { Glyph, isGlyph } from '../ui/Glyph';
import { TapButton } from '../ui/TapButton';
import { Label } from '../ui/Words';
import { mayAnswer, NOT_SURE } from './desk';

/** Answers shown at once; more hide behind "other". */
const SHOWN = 4;

interface Props {
  /** What can be answered; an ask, or the cell's question when nothing is asked. */
  of: Pick<AskBody, 'classes' | 'open_classes'>;
  onAnswer: (label: string) => void;
  withNotSure?: boolean;
  /** Too late to move anything: the answers do not say what the robot would have done. */
  learning?: boolean;
}

export function Answers({ of, onAnswer, withNotSure = true, learning = false }: Props) {
  const [more, setMore] = useState(false);
  useLayoutEffect(() => guard.changed(performance.now()), [more]);
  const { classes, open_classes } = of;
  const disabled = !mayAnswer.value;
  const hidden = open_classes || classes.length > SHOWN;
  if (more) {
    return (
      <More
        of={of}
        onAnswer={onAnswer}
        back={() => setMore(false)}
        disabled={disabled}
        learning={learning}
      />
    );
  }
  return (
    <section class="answers" aria-label={t('answer.title')}>
      {classes.slice(0, SHOWN).map((c) => (
        <ClassButton key={c.name} of={c} disabled={disabled} onAnswer={onAnswer} learning={learning} />
      ))}
      {hidden && (
        <TapButton class="answer plain" disabled={disabled} onTap={() => setMore(true)}>
          <Glyph name="other" />
          <Label text={t('answer.other')} />
        </TapButton>
      )}
      {withNotSure && (
        <TapButton
          class="answer plain not-sure"
          disabled={disabled}
          onTap={() => onAnswer(NOT_SURE)}
        >
          <Glyph name="not_sure" />
          <Label text={t('answer.not_sure')} />
        </TapButton>
      )}
    </section>
  );
}

interface ClassProps {
  of: AskClass;
  disabled: boolean;
  onAnswer: (label: string) => void;
  learning: boolean;
}

function ClassButton({ of, disabled, onAnswer, learning }: ClassProps) {
  return (
    <TapButton
      class={`answer ${of.nominal ? 'good' : 'bad'}`}
      disabled={disabled}
      onTap={() => onAnswer(of.name)}
    >
      {isGlyph(of.action) && <Glyph name={of.action} />}
      <Label text={plant(of.text, of.name)} />
      <small>{learning ? t('answer.learning') : tr('action', of.action)}</small>
    </TapButton>
  );
}

type MoreProps = Omit<ClassProps, 'of'> & Pick<Props, 'of'> & { back: () => void };

/** Classes that do not fit, names people gave before, and a new name. */
function More({ of, onAnswer, back, ...rest }: MoreProps) {
  const { disabled } = rest;
  const [text, setText] = useState('');
  const declared = of.classes.map((c) => c.name);
  const known = [...state.value.labels].filter((l) => !declared.includes(l)).slice(0, 8);
  const clean = text.trim();
  return (
    <section class="answers more">
      {of.classes.slice(SHOWN).map((c) => (
        <ClassButton key={c.name} of={c} onAnswer={onAnswer} {...rest} />
      ))}
      {of.open_classes &&
        known.map((label) => (
          <TapButton key={label} class="answer" disabled={disabled} onTap={() => onAnswer(label)}>
            <Label text={label} />
          </TapButton>
        ))}
      {of.open_classes && (
        <div class="new-label">
          <input
            aria-label={t('answer.new_name')}
            placeholder={t('answer.new_name')}
            maxLength={80}
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
          />
          <TapButton
            class="answer"
            disabled={disabled || clean === '' || clean === NOT_SURE}
            onTap={() => onAnswer(clean)}
          >
            {t('answer.send')}
          </TapButton>
        </div>
      )}
      <TapButton class="answer plain" onTap={back}>
        <Glyph name="undo" />
        <span>{t('answer.back')}</span>
      </TapButton>
    </section>
  );
}
