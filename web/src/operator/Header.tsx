/** What is always there: who and where, the state of the line with its age, queue, connection. */
import { ageMs, knownAt, now, OLD_MS, secondsLeft, unknown } from '../core/clock';
import { clockTime, t, tr } from '../core/i18n';
import { person } from '../core/me';
import { prefs } from '../core/prefs';
import { muted } from '../core/sound';
import type { HeldFor } from '../core/schema';
import { beat, link, state } from '../core/transport';
import { Glyph, type GlyphName } from '../ui/Glyph';
import { TapButton } from '../ui/TapButton';
import { lastCall } from './attention';
import { outbox, waiting } from './desk';

export type Sheet = 'menu' | 'queue' | null;

const MODE_GLYPH: Record<string, GlyphName> = {
  running: 'running',
  asking: 'asks',
  held: 'held',
  maintenance: 'maintenance',
};

/** The line's state as the monitor last told it, or `unknown`. */
export function lineMode(): string {
  if (unknown.value || !beat.value) return 'unknown';
  const told = beat.value.pulse.state;
  const mode = told.mode ?? (state.value.maintenance ? 'maintenance' : 'running');
  if (mode === 'maintenance') return mode;
  // The ledger is ahead of the heartbeat: whether a question is open is known without it.
  if (waiting.value.length > 0) return 'asking';
  const holds = mode === 'held' || (mode === 'asking' && told.held);
  if (!holds) return mode === 'asking' ? 'running' : mode;
  return told.held_for?.length && !stays(told.held_for) ? 'running' : 'held';
}

/** The process is held and no open question will end that: a person has to resume. */
export function heldNow(): boolean {
  return lineMode() === 'held';
}

/** A hold that ends by itself after the answer takes a moment to be confirmed. */
const LETS_GO_MS = 2000;

/** Whether something holds beside questions that were answered just now. */
function stays(reasons: HeldFor[]): boolean {
  const ends = ({ key, n }: HeldFor) => {
    const ask = key === 'case' ? state.value.asks.get(n ?? 0) : undefined;
    const end = ask?.resolution;
    const goesOn = end?.outcome === 'answered' && end.action !== 'hold' && end.action !== 'stop';
    return goesOn && now.value - ask!.resolvedAt < LETS_GO_MS;
  };
  return reasons.some((r) => !ends(r));
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
