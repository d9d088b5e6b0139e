/** The evidence of a decision card, with a trace that can be played. */
import { useEffect, useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { t } from '../core/i18n';
import type { Evidence } from '../core/schema';
import { state } from '../core/transport';
import { bandText, Columns, measured, Missing, Signal, Still } from '../operator/Evidence';
import { TapButton } from '../ui/TapButton';
import { play, stepBy, whole } from './play';

const SHOWN = 2;
const STEP = 0.1;

export function ReviewEvidence({ caseId }: { caseId: number }) {
  const doc = useGet<Evidence>(`/api/review/${caseId}`);
  const [all, setAll] = useState(false);
  useEffect(() => whole, []);
  if (doc === undefined) return <div class="look-evidence" />;
  if (doc === null) return <p class="look-evidence">{t('evidence.none')}</p>;
  const channels = measured(doc);
  const past = doc.past ?? [];
  return (
    <div class="look-evidence">
      <Missing channels={doc.channels} />
      <div class="play">
        <TapButton id="step-back" label={t('look.back')} onTap={() => stepBy(-STEP)}>
          <span aria-hidden="true" dir="ltr">
            ◀◀
          </span>
        </TapButton>
        <TapButton id="play" class="choice" onTap={play}>
          <kbd>{t('look.space')}</kbd>
          <span>{t('look.play')}</span>
        </TapButton>
        <TapButton id="step-on" label={t('look.on')} onTap={() => stepBy(STEP)}>
          <span aria-hidden="true" dir="ltr">
            ▶▶
          </span>
        </TapButton>
        <p class="band">{bandText(doc)}</p>
      </div>
      <div class={past.length ? 'compared' : ''}>
        {past.length > 0 && <Columns of={state.value.question ?? {}} past={past} />}
        <div class="all-signals wide">
          {channels.slice(0, all ? undefined : SHOWN).map((c) => (
            <Signal key={c.name} channel={c} past={past} />
          ))}
        </div>
      </div>
      {channels.length > SHOWN && (
        <TapButton id="more-signals" onTap={() => setAll(!all)}>
          {all ? t('evidence.fewer') : t('evidence.more', { n: channels.length - SHOWN })}
        </TapButton>
      )}
      {doc.still && <Still caseId={caseId} />}
    </div>
  );
}
