/** What stands behind "acts alone": audits with their bounds, alarms, and every context. */
import { unknown } from '../core/clock';
import { percent, t, tr } from '../core/i18n';
import type { AuditFigures, ContextState } from '../core/schema';
import { beat } from '../core/transport';
import { operate } from '../operator/desk';
import { HoldButton } from '../ui/HoldButton';

export function Risk() {
  const now = beat.value?.pulse.state;
  if (!now?.audits) return null;
  return (
    <section class="risk">
      <h2>{t('risk.title')}</h2>
      <p data-risk="cell">{auditText(now.audits, beat.value?.pulse.state.epsilon ?? null)}</p>
      {(now.waiting ?? 0) > 0 && <p>{t('review.waiting', { n: now.waiting ?? 0 })}</p>}
      {(now.alarms ?? []).map((a) => (
        <div key={a.context} class="alarm" role="alert">
          <b>▲ {t('risk.alarm', { figure: tr('figure', a.figure) })}</b> · <bdi>{a.context}</bdi> ·{' '}
          <span>{t('risk.left', { n: a.left })}</span>
          <HoldButton
            disabled={unknown.value}
            onDone={() => operate({ kind: 'end_alarm', context: a.context })}
          >
            {t('risk.end')}
          </HoldButton>
        </div>
      ))}
      <Contexts rows={now.contexts ?? []} />
    </section>
  );
}

function auditText(a: AuditFigures, epsilon: number | null): string {
  if (a.total === 0 || a.steady === null) return t('risk.none');
  const parts = [t('risk.steady', { p: percent(a.steady, 1), total: a.total, failed: a.failed })];
  if (a.bound !== null) parts.push(t('risk.bound', { p: percent(a.bound, 1) }));
  if (a.needed === 0) parts.push(t('risk.confirmed'));
  else if (epsilon !== null) parts.push(t('risk.needed', { n: a.needed, epsilon: percent(epsilon, 1) }));
  return parts.join(' · ');
}

function Contexts({ rows }: { rows: ContextState[] }) {
  if (rows.length === 0) return null;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('risk.context')}</th>
            <th scope="col">{t('risk.alone')}</th>
            <th scope="col">{t('risk.audited')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.context}>
              <td>
                <bdi>{row.context}</bdi>
              </td>
              <td>{aloneText(row)}</td>
              <td>
                {percent(row.audits.share, 1)}
                <small>{auditText(row.audits, beat.value?.pulse.state.epsilon ?? null)}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function asksText(why: string): string {
  return t('risk.asks', { why: tr('why', why) });
}

/** From which confidence the model acts alone, else the reason that asks first. */
function aloneText(row: ContextState): string {
  if (row.answers < row.needed_answers)
    return t('risk.answers', { n: row.answers, of: row.needed_answers });
  const taught = row.taught ?? null;
  if (taught === null) return asksText('no_model');
  if (taught < row.needed_answers) return t('risk.taught', { n: taught, of: row.needed_answers });
  if (row.threshold === null)
    return row.missing ? t('risk.missing', { n: row.missing }) : asksText('no_certificate');
  const parts = [percent(row.threshold, 2)];
  if (row.level && row.level !== 'context')
    parts.push(t('risk.level', { level: tr('level', row.level) }));
  if (row.floor > 0) parts.push(t('risk.floor', { p: percent(row.floor, 2) }));
  return parts.join(' · ');
}
