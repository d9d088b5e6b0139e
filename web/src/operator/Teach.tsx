/** O4: the cause of a bad step, one tap, skippable. */
import { t } from '../core/i18n';
import { state } from '../core/transport';
import { TapButton } from '../ui/TapButton';
import { nameReason, teaching } from './desk';
import { Reasons } from './Reasons';

export function Teach({ caseId }: { caseId: number }) {
  const facts = state.value.asks.get(caseId)?.body.facts ?? {};
  const done = () => (teaching.value = null);
  const send = (reason: string) => {
    nameReason(caseId, reason);
    done();
  };
  return (
    <section class="sheet teach">
      <div class="sheet-head">
        <div>
          <h1>{t('teach.title')}</h1>
          <p>
            <bdi>{Object.values(facts).join(' · ')}</bdi>
          </p>
          <p>{t('teach.hint')}</p>
        </div>
        <TapButton id="skip" onTap={done}>
          {t('teach.skip')}
        </TapButton>
      </div>
      <Reasons onReason={send} />
    </section>
  );
}
