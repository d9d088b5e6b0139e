/** A case offered in a quiet minute: no deadline, no motion, only a label. Blind like a question. */
import { useGet } from '../core/api';
import { plant, t } from '../core/i18n';
import type { Evidence as EvidenceDoc } from '../core/schema';
import type { State } from '../core/state';
import { beat, state } from '../core/transport';
import { TapButton } from '../ui/TapButton';
import { Words } from '../ui/Words';
import { Answers } from './Answers';
import { review } from './desk';
import { Evidence, Still } from './Evidence';

/** What is offered, as long as the monitor offers it. */
export function offer(): State['review'] {
  const { review } = state.value;
  return review?.case === beat.value?.pulse.state.review ? review : null;
}

export function ReviewOffer({ look }: { look: () => void }) {
  return (
    <div class="offer">
      <div class="row-text">
        <b>{t('review.title')}</b>
        <span>{t('review.what')}</span>
      </div>
      <TapButton id="review" onTap={look}>
        {t('review.open')}
      </TapButton>
    </div>
  );
}

interface Props {
  /** As it was when it was opened: another one that is offered meanwhile does not take it away. */
  of: NonNullable<State['review']>;
  done: () => void;
}

export function Review({ of: { case: caseId, body }, done }: Props) {
  const doc = useGet<EvidenceDoc>(`/api/cases/${caseId}/evidence`);
  const send = (label: string) => {
    review(caseId, label);
    done();
  };
  return (
    <article class="card" data-review={caseId}>
      <section class="question">
        <h1>
          <Words text={plant(body.text, t('review.title'))} />
        </h1>
        <p>
          <bdi>{Object.values(body.facts).join(' · ')}</bdi>
        </p>
        <div class="picture">{doc?.still && <Still caseId={caseId} />}</div>
        <p>{t('review.what')}</p>
        <TapButton id="close" onTap={done}>
          {t('card.close')}
        </TapButton>
      </section>
      <Evidence of={body} doc={doc} />
      <div class="bottom">
        <Answers of={body} onAnswer={send} learning />
      </div>
    </article>
  );
}
