/** The signals that deviate most over the band of past good cases; the model's view is not here. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { guard } from '../core/guard';
import { isolated, plant, t, tr, type Key } from '../core/i18n';
import type { AskBody, Evidence as Doc, EvidenceChannel, PastCase } from '../core/schema';
import { Glyph } from '../ui/Glyph';
import { TapButton } from '../ui/TapButton';
import { Trace } from '../ui/Trace';
import { bounds } from '../ui/trace-math';
import { labelText } from './desk';
import { Sop } from './Sop';

const SHOWN = 2;
type View = 'few' | 'all' | 'sop';

type Of = Pick<AskBody, 'classes' | 'sop'>;
type Named = Partial<Pick<AskBody, 'classes'>>;

interface Props {
  of: Of;
  doc: Doc | null | undefined;
}

export function Evidence({ of, doc }: Props) {
  const [view, setView] = useState<View>('few');
  useLayoutEffect(() => guard.changed(performance.now()), [view]);
  const toggle = (name: View) => setView(view === name ? 'few' : name);
  return (
    <section class={`evidence ${view === 'all' ? 'all' : ''}`}>
      {view === 'sop' && <Sop />}
      {view !== 'sop' && doc && <Signals of={of} doc={doc} all={view === 'all'} />}
      {view !== 'sop' && !doc && <p class="signals">{doc === null ? t('evidence.none') : ''}</p>}
      <div class="signals-foot">
        <p class="band">{view !== 'sop' && doc ? bandText(doc) : ''}</p>
        {doc && rest(doc) > 0 && view !== 'sop' && (
          <TapButton id="more-signals" onTap={() => toggle('all')}>
            {view === 'all' ? t('evidence.fewer') : t('evidence.more', { n: rest(doc) })}
          </TapButton>
        )}
        {of.sop && (
          <TapButton id="sop" pressed={view === 'sop'} onTap={() => toggle('sop')}>
            {t('sop.show')}
          </TapButton>
        )}
      </div>
    </section>
  );
}

export function measured(doc: Doc): EvidenceChannel[] {
  return doc.channels.filter((c) => c.value.some((v) => v !== null));
}

const rest = (doc: Doc) => measured(doc).length - SHOWN;

export function bandText(doc: Doc): string {
  return doc.band_cases ? t('evidence.band', { n: doc.band_cases }) : t('evidence.no_band');
}

function Signals({ of, doc, all }: { of: Of; doc: Doc; all: boolean }) {
  const past = doc.past ?? [];
  return (
    <div class="signals">
      <p class="missing">{missingText(doc.channels)}</p>
      <div
        class={`traces ${past.length ? 'compared' : ''}`}
        tabIndex={all ? 0 : undefined}
        role={all ? 'region' : undefined}
        aria-label={all ? t('case.signals') : undefined}
      >
        {past.length > 0 && <Columns of={of} past={past} />}
        {measured(doc)
          .slice(0, all ? undefined : SHOWN)
          .map((c) => (
            <Signal key={c.name} channel={c} past={past} />
          ))}
      </div>
    </div>
  );
}

/** Says which column is which: this step, one that was good, one that was bad. */
export function Columns({ of, past }: { of: Named; past: PastCase[] }) {
  return (
    <div class="columns">
      <b>{t('evidence.this')}</b>
      {past.map((p) => (
        <span key={p.case} class={p.good ? 'past good' : 'past bad'}>
          <Glyph name={p.good ? 'continue' : 'reject'} />
          <span>
            <span class="kind">{p.good ? t('evidence.good_case') : t('evidence.bad_case')} </span>
            <b>
              <bdi>{labelText(of, p.label)}</bdi>
            </b>
          </span>
        </span>
      ))}
    </div>
  );
}

export function channelName(channel: Pick<EvidenceChannel, 'name' | 'unit' | 'text'>): string {
  return plant(channel.text, usualName(channel));
}

const AXES: Record<string, Key> = {
  N: 'signal.force',
  'N*m': 'signal.torque',
  'm/s^2': 'signal.acceleration',
};

/** `wrench.fz` is "Force z": what ROS messages usually hold needs no words of the plant. */
function usualName({ name, unit }: Pick<EvidenceChannel, 'name' | 'unit'>): string {
  const axis = /\.[fta]([xyz])$/.exec(name)?.[1];
  const key = AXES[unit];
  if (axis && key) return t(key, { axis });
  const [, field, joint] = /\.(position|velocity|effort)_(.+)$/.exec(name) ?? [];
  return field && joint ? t(`signal.${field as 'effort'}`, { axis: joint.replace(/_/g, ' ') }) : name;
}

/** One signal; the same signal of past cases beside it, drawn to the same scale. */
export function Signal({ channel, past = [] }: { channel: EvidenceChannel; past?: PastCase[] }) {
  const name = channelName(channel);
  const others = past.map((p) => p.channels.find((c) => c.name === channel.name));
  const range = bounds(channel, ...others.filter((c) => c !== undefined));
  return (
    <figure class="signal">
      <figcaption>
        <b>
          <bdi>{name}</bdi>
        </b>
        {channel.unit && <bdi class="unit">{channel.unit}</bdi>}
      </figcaption>
      <div class="side-by-side">
        <Trace curve={channel} name={name} range={range} />
        {past.map((p, i) => {
          const curve = others[i];
          const kind = p.good ? t('evidence.good_case') : t('evidence.bad_case');
          return curve ? (
            <Trace key={p.case} curve={curve} name={`${kind} ${name}`} range={range} small />
          ) : (
            <span key={p.case} class="trace small" />
          );
        })}
      </div>
    </figure>
  );
}

export function missingText(channels: EvidenceChannel[]): string {
  const names = lost(channels);
  const few = names.length > FEW + 1 ? [...names.slice(0, FEW), t('held.more', { n: names.length - FEW })] : names;
  return names.length ? t('evidence.missing', { names: few.join(', ') }) : ' ';
}

/** Channels that were not measured (whole), named in one line; the others of many are counted. */
const FEW = 2;

function lost(channels: EvidenceChannel[]): string[] {
  return channels.filter((c) => c.note).map((c) => isolated(`${channelName(c)} (${tr('problem', c.note ?? '')})`));
}

/** The same where there is a mouse: all of many names are a click away. */
export function Missing({ channels }: { channels: EvidenceChannel[] }) {
  const names = lost(channels);
  if (names.length === 0) return null;
  if (names.length <= FEW + 1) return <p class="missing">{missingText(channels)}</p>;
  return (
    <details class="missing">
      <summary>{missingText(channels)}</summary>
      {names.join(', ')}
    </details>
  );
}

/** The picture is written a moment after the question comes: look again before giving up. */
const STILL_TRIES = 6;
const STILL_AGAIN_MS = 700;

export function Still({ caseId }: { caseId: number }) {
  const [tries, setTries] = useState(0);
  const [loaded, setLoaded] = useState(false);
  if (tries >= STILL_TRIES) return <p class="still">{t('evidence.no_still')}</p>;
  return (
    <img
      class={`still ${loaded ? '' : 'coming'}`}
      src={`/api/cases/${caseId}/still?${tries}`}
      alt={t('evidence.still')}
      onLoad={() => setLoaded(true)}
      onError={() => setTimeout(() => setTries(tries + 1), STILL_AGAIN_MS)}
    />
  );
}
