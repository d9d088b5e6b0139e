/** The signals that deviate most over the band of past good cases; the model's view is not here. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { guard } from '../core/guard';
import { plant, t, tr } from '../core/i18n';
import type { Evidence as Doc, EvidenceChannel } from '../core/schema';
import { TapButton } from '../ui/TapButton';
import { Trace } from '../ui/Trace';

const SHOWN = 2;

export function Evidence({ doc }: { doc: Doc | null | undefined }) {
  const [all, setAll] = useState(false);
  useLayoutEffect(() => guard.changed(performance.now()), [all]);
  if (!doc) {
    return <section class="evidence">{doc === null && <p>{t('evidence.none')}</p>}</section>;
  }
  const measured = doc.channels.filter((c) => c.value.some((v) => v !== null));
  const rest = measured.length - SHOWN;
  return (
    <section class={`evidence ${all ? 'all' : ''}`}>
      <div class="signals">
        <p class="missing">{missingText(doc.channels)}</p>
        <div class="traces">
          {measured.slice(0, all ? undefined : SHOWN).map((c) => (
            <Signal key={c.name} channel={c} />
          ))}
        </div>
        <div class="signals-foot">
          <p class="band">
            {doc.band_cases
              ? t('evidence.band', { n: doc.band_cases })
              : t('evidence.no_band')}
          </p>
          {rest > 0 && (
            <TapButton id="more-signals" onTap={() => setAll(!all)}>
              {all ? t('evidence.fewer') : t('evidence.more', { n: rest })}
            </TapButton>
          )}
        </div>
      </div>
    </section>
  );
}

export function channelName(channel: EvidenceChannel): string {
  return plant(channel.text, channel.name);
}

export function Signal({ channel }: { channel: EvidenceChannel }) {
  const name = channelName(channel);
  return (
    <figure class="signal">
      <figcaption>
        <b>
          <bdi>{name}</bdi>
        </b>
        {channel.unit && <bdi class="unit">{channel.unit}</bdi>}
      </figcaption>
      <Trace channel={channel} name={name} />
    </figure>
  );
}

function missingText(channels: EvidenceChannel[]): string {
  const names = channels
    .filter((c) => c.note)
    .map((c) => `${channelName(c)} (${tr('problem', c.note ?? '')})`);
  return names.length ? t('evidence.missing', { names: names.join(', ') }) : ' ';
}

export function Still({ caseId }: { caseId: number }) {
  const [broken, setBroken] = useState(false);
  if (broken) return <p class="still">{t('evidence.no_still')}</p>;
  return (
    <img
      class="still"
      src={`/api/cases/${caseId}/still`}
      alt={t('evidence.still')}
      onError={() => setBroken(true)}
    />
  );
}
