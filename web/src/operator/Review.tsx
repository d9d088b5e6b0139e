/** A case offered in a quiet minute: no deadline, no motion, only a label. */
import { useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { plant, t } from '../core/i18n';
import type { AskBody, CaseDoc, ReviewBody } from '../core/schema';
import type { Ask } from '../core/state';
import { beat } from '../core/transport';
import { TapButton } from '../ui/TapButton';
import { Answers } from './Answers';
import { review } from './desk';
import { Evidence } from './Evidence';

export function Review() {
  const [shown, setShown] = useState<number | null>(null);
  const offered = beat.value?.pulse.state.review ?? null;
  if (offered === null) return null;
  if (shown !== offered)
    return (
      <section class="review">
        <b>{t('review.title')}</b> <span>{t('review.what')}</span>
        <TapButton onTap={() => setShown(offered)}>{t('review.open')}</TapButton>
      </section>
    );
  return <Offered caseId={offered} done={() => setShown(null)} />;
}

function Offered({ caseId, done }: { caseId: number; done: () => void }) {
  const doc = useGet<CaseDoc>(`/api/cases/${caseId}`);
  const entry = doc?.entries.filter((e) => e.kind === 'review').pop();
  if (!doc || !entry) return null;
  const body = entry.body as unknown as ReviewBody;
  const send = (label: string) => {
    review(caseId, label);
    done();
  };
  return (
    <article class="card">
      <section class="question">
        <h1>{plant(body.text, t('review.title'))}</h1>
        <p>{t('review.what')}</p>
        <p>
          <bdi>{Object.values(body.facts).join(' · ')}</bdi>
        </p>
        <TapButton onTap={done}>{t('card.close')}</TapButton>
      </section>
      <Evidence doc={doc.evidence} />
      <Answers ask={asAsk(caseId, body)} onAnswer={send} withNotSure />
    </article>
  );
}

/** The answer buttons take an ask; this one has no deadline and never had a holder. */
function asAsk(caseId: number, review: ReviewBody): Ask {
  const body: AskBody = {
    ...review,
    deadline_s: Infinity,
    undo_s: 0,
    lease_s: 0,
    deadline_wall_ns: 0,
    fail_safe: '',
    blind: true,
  };
  return {
    case: caseId,
    seq: 0,
    body,
    deadlineAt: Infinity,
    epoch: 0,
    holder: null,
    given: null,
    answers: [],
    resolution: null,
    resolvedAt: 0,
  };
}
