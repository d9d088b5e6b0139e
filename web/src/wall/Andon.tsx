/** W1: one tile, to be read from 5 m. Shape and words tell the state; colour only repeats it. */
import { ageMs, knownAt, now, secondsLeft } from '../core/clock';
import { clockTime, duration, plant, t, tr } from '../core/i18n';
import { sinceOf } from '../core/since';
import type { Ask } from '../core/state';
import { beat, state } from '../core/transport';
import { waiting } from '../operator/desk';
import { heldNow, lineMode, ModeGlyph, silent, silentText } from '../operator/Header';
import { motionNotice } from '../operator/Motion';
import { Words } from '../ui/Words';

export function Andon() {
  const mode = lineMode();
  const ask = mode === 'asking' ? waiting.value[0] : undefined;
  const notice = motionNotice();
  return (
    <article class={`andon ${mode}`} data-mode={mode}>
      <h1>
        <bdi>{state.value.cell || '–'}</bdi>
        {state.value.shadow && <small>{t('line.shadow')}</small>}
      </h1>
      <ModeGlyph mode={mode} />
      <div class="say" role="status">
        {/* An alarm says the same, and what to do: one of them fits on a low screen. */}
        {notice !== 'alarm' && <strong>{mode === 'unknown' ? unknownText() : tr('wall', mode)}</strong>}
        {mode !== 'unknown' && <span class="since">{sinceText(mode)}</span>}
        {notice && <b class="notice">▲ {t(`motion.${notice}`)}</b>}
        {ask && <Asked ask={ask} />}
        {!ask && !notice && silent().length > 0 && <b class="notice">▲ {silentText()}</b>}
        <span class="who">{whoText(mode, ask)}</span>
      </div>
    </article>
  );
}

function Asked({ ask }: { ask: Ask }) {
  const more = waiting.value.length - 1;
  return (
    <span class="asked">
      <Words text={plant(ask.body.text, t('card.question'))} />{' '}
      <b>{t('time.s', { n: secondsLeft(ask.deadlineAt, now.value) })}</b>
      {more > 0 && ` · ${t('held.more', { n: more })}`}
    </span>
  );
}

function unknownText(): string {
  const at = knownAt.value;
  return at === null ? t('line.never') : t('line.unknown_since', { time: clockTime(at) });
}

function sinceText(mode: string): string {
  const at = sinceOf(mode, state.value, waiting.value);
  const checked = t('wall.checked', { n: Math.round(ageMs.value / 1000) });
  return at === null ? checked : `${t('wall.for', { time: duration(Math.floor((now.value - at) / 1000)) })} · ${checked}`;
}

/** Who is on it, or what it waits for. */
function whoText(mode: string, ask: Ask | undefined): string {
  if (mode === 'asking') {
    const by = ask?.given?.by ?? ask?.holder?.by;
    return by ? t('card.held_by', { by }) : t('queue.nobody');
  }
  if (mode === 'maintenance') return state.value.marks.get('maintenance')?.by ?? '';
  if (!heldNow()) return '';
  const why = beat.value?.pulse.state.held_for ?? [];
  return why.map((r) => tr('held', r.key, r.key, { n: r.n ?? 0, by: r.by ?? '' })).join(', ');
}
