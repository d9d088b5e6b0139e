/** Have the next model forget: the label of one case, or every label one person gave. */
import { useState } from 'preact/hooks';
import { unknown } from '../core/clock';
import { t } from '../core/i18n';
import type { Entry, LabelBody } from '../core/schema';
import { operate } from '../operator/desk';
import { HoldButton } from '../ui/HoldButton';

/** As the server has it. */
const LONGEST = 500;

interface Props {
  caseId: number;
  entries: Entry[];
}

export function Withdraw({ caseId, entries }: Props) {
  const [all, setAll] = useState(false);
  const [why, setWhy] = useState('');
  const last = entries.filter((e) => e.kind === 'label').pop()?.body as LabelBody | undefined;
  if (!last?.label) return null;
  const forget = () => {
    const which = all ? { person: last.by } : { case: caseId };
    operate({ kind: 'forget', ...which, why: why.trim() });
    setWhy('');
  };
  return (
    <details class="withdraw">
      <summary>{t('withdraw.title')}</summary>
      <p>{t('withdraw.hint')}</p>
      <div class="controls">
        <label>
          {t('withdraw.which')}
          <select value={String(all)} onChange={(e) => setAll(e.currentTarget.value === 'true')}>
            <option value="false">{t('withdraw.one', { n: String(caseId) })}</option>
            <option value="true">{t('withdraw.person', { by: last.by })}</option>
          </select>
        </label>
        <label>
          {t('withdraw.why')}
          <input required dir="auto" maxLength={LONGEST} value={why} onInput={(e) => setWhy(e.currentTarget.value)} />
        </label>
        <HoldButton disabled={unknown.value || !why.trim()} onDone={forget}>
          {t('withdraw.do')}
        </HoldButton>
      </div>
    </details>
  );
}
