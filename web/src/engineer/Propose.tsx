/** Another tolerated risk: one person proposes it, a second one approves. */
import { unknown } from '../core/clock';
import { dateTime, percent, t } from '../core/i18n';
import { person, plain } from '../core/me';
import type { ProposalDoc } from '../core/schema';
import { operate } from '../operator/desk';
import { HoldButton } from '../ui/HoldButton';

const NAME = 'risk.epsilon';

interface Props {
  open: ProposalDoc | null;
  /** The chosen value; null when it is the present one. */
  value: number | null;
}

export function Propose({ open, value }: Props) {
  return (
    <section class="propose">
      <p>{t('what_if.note')}</p>
      {open && <Open of={open} />}
      {value !== null && value !== open?.new && (
        <div class="controls">
          <button
            type="button"
            id="propose"
            disabled={unknown.value}
            onClick={() => operate({ kind: 'propose', name: NAME, value })}
          >
            {t('propose.make', { value: percent(value, 2) })}
          </button>
        </div>
      )}
    </section>
  );
}

function Open({ of }: { of: ProposalDoc }) {
  const time = dateTime(of.t_ns / 1e6);
  const own = plain(of.by) === plain(person());
  return (
    <div class="alarm" role="status">
      <p>
        <b>{t('propose.open', { by: of.by, new: percent(of.new, 2), old: percent(of.old, 2), time })}</b>
      </p>
      {own && <p>{t('propose.other')}</p>}
      <div class="controls">
        <HoldButton
          disabled={unknown.value || own}
          onDone={() => operate({ kind: 'approve', proposal: of.proposal })}
        >
          {t('propose.approve')}
        </HoldButton>
        <button
          type="button"
          disabled={unknown.value}
          onClick={() => operate({ kind: 'decline', proposal: of.proposal })}
        >
          {t('propose.decline')}
        </button>
      </div>
    </div>
  );
}
