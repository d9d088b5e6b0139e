/** What is always there: who and where, the state of the line with its age, queue, connection. */
import { ageMs, knownAt, now, OLD_MS, secondsLeft, unknown } from '../core/clock';
import { clockTime, isolated, t, tr } from '../core/i18n';
import { Held } from '../core/held';
import { person } from '../core/me';
import { prefs } from '../core/prefs';
import { muted } from '../core/sound';
import { beat, link, state } from '../core/transport';
import { Glyph, type GlyphName } from '../ui/Glyph';
import { TapButton } from '../ui/TapButton';
import { lastCall } from './attention';
import { motionNotice } from './Motion';
import { outbox, waiting } from './desk';

export type Sheet = 'menu' | 'queue' | null;

const MODE_GLYPH: Record<string, GlyphName> = {
  running: 'running',
  asking: 'asks',
  no_data: 'unknown',
  held: 'held',
  holding: 'unknown',
  maintenance: 'maintenance',
};

const held = new Held();

/** The line's state as the monitor last told it, or `unknown`. */
export function lineMode(): string {
  const mode = processMode();
  return mode === 'running' && beat.value?.pulse.state.blind ? 'no_data' : mode;
}

/** Streams nothing comes from: nobody can say how steps go. */
export function silent(): string[] {
  return unknown.value ? [] : (beat.value?.pulse.state.silent ?? []);
}

export function silentText(): string {
  return t('line.silent', { names: silent().map(isolated).join(', ') });
}

function processMode(): string {
  if (unknown.value || !beat.value) return 'unknown';
  const told = beat.value.pulse.state;
  const mode = told.mode ?? 'unknown';
  if (mode === 'maintenance') return mode;
  // The ledger is ahead of the heartbeat: whether a question is open is known without it.
  if (waiting.value.length > 0) return 'asking';
  const holds = mode === 'held' || (mode === 'asking' && told.held);
  if (!holds) return mode === 'asking' ? 'running' : mode;
  const reasons = told.held_for ?? [];
  const stays = held.stays(reasons, told.motion?.phase, state.value, now.value);
  if (motionNotice() === 'alarm') return 'holding';
  if (reasons.length && !stays) return 'running';
  // It is called held when it was seen to be.
  return told.motion?.phase === 'holding' ? 'holding' : 'held';
}

/** The process is (to be) held and no open question will end that: a person has to resume. */
export function heldNow(): boolean {
  return ['held', 'holding'].includes(lineMode());
}

export function ModeGlyph({ mode }: { mode: string }) {
  return <Glyph name={MODE_GLYPH[mode] ?? 'unknown'} class={`mode-${mode}`} />;
}

/** One statement about the line, with its age; never without. */
export function lineText(): string {
  if (!unknown.value && beat.value) {
    const state = tr('mode', lineMode());
    return t('line.checked', { state, n: Math.round(ageMs.value / 1000) });
  }
  const since = knownAt.value;
  return since === null ? t('line.never') : t('line.unknown_since', { time: clockTime(since) });
}

/** What the monitor decides moves nothing: said wherever its decisions are shown. */
export function ShadowChip() {
  return state.value.shadow ? <b class="chip">{t('line.shadow')}</b> : null;
}

/** What must be seen on every sheet: time running out, and sounds that are off. */
function Chips() {
  const ask = lastCall.value;
  return (
    <>
      {ask && (
        <b class="chip call" role="status">
          ▲ {t('time.s', { n: secondsLeft(ask.deadlineAt, now.value) })}
        </b>
      )}
      {muted.value && (
        <b class="chip">
          <Glyph name="quiet" />
          {t('sound.muted', { time: clockTime(prefs.value.mutedUntil, false) })}
        </b>
      )}
    </>
  );
}

function Connection() {
  const name = link.value;
  return (
    <span class="connection" role="status">
      <Glyph name={name} />
      <span>{tr('link', name)}</span>
      {outbox.items.value.length > 0 && (
        <span class="outbox">{t('outbox.count', { n: outbox.items.value.length })}</span>
      )}
    </span>
  );
}

export function Header({ sheet, toggle }: { sheet: Sheet; toggle: (s: Sheet) => void }) {
  const count = waiting.value.length;
  return (
    <header>
      <TapButton
        class="square"
        id="menu"
        label={t('menu.title')}
        pressed={sheet === 'menu'}
        onTap={() => toggle('menu')}
      >
        <Glyph name={sheet === 'menu' ? 'close' : 'menu'} />
      </TapButton>
      <div class="where">
        <b>
          <bdi>{state.value.cell || '–'}</bdi>
        </b>
        <span>
          <bdi>{person()}</bdi>
        </span>
      </div>
      <div class={`line ${ageMs.value > OLD_MS ? 'old' : ''}`} id="line" role="status">
        <ModeGlyph mode={lineMode()} />
        <span>{lineText()}</span>
      </div>
      <Chips />
      <ShadowChip />
      <Connection />
      <TapButton id="queue" pressed={sheet === 'queue'} onTap={() => toggle('queue')}>
        {t('queue.count', { n: count })}
      </TapButton>
    </header>
  );
}
