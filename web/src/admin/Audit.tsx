/** A3: what was refused and what was changed, newest first, and whether the log is whole. */
import { useGet } from '../core/api';
import { dateTime, t, tr } from '../core/i18n';
import type { AuditLine, AuditLogDoc } from '../core/schema';
import { useRefresh } from './send';

const COLUMNS: ReadonlySet<string> = new Set(['t', 'what', 'who', 'tablet', 'address', 'by', 'prev']);

export function Audit() {
  const [turn] = useRefresh();
  const doc = useGet<AuditLogDoc>('/api/admin/audit', turn);
  if (!doc) return null;
  return (
    <>
      <p class={doc.intact ? 'intact' : 'paused'} role="status">
        {doc.intact ? `✓ ${t('audit.intact')}` : `▲ ${t('audit.broken')}`}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('admin.audit')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('case.time')}</th>
              <th scope="col">{t('audit.what')}</th>
              <th scope="col">{t('admin.name')}</th>
              <th scope="col">{t('case.by')}</th>
              <th scope="col">{t('admin.station')}</th>
              <th scope="col">{t('admin.address')}</th>
              <th scope="col">{t('audit.more')}</th>
            </tr>
          </thead>
          <tbody>
            {doc.lines.map((line, i) => (
              <tr key={`${line.t} ${i}`}>
                <td>{dateTime(line.t * 1000)}</td>
                <th scope="row">{tr('audit', line.what)}</th>
                <td>
                  <bdi>{line.who || '–'}</bdi>
                </td>
                <td>
                  <bdi>{line.by || '–'}</bdi>
                </td>
                <td>
                  <bdi>{line.tablet || '–'}</bdi>
                </td>
                <td>
                  <bdi dir="ltr">{line.address || '–'}</bdi>
                </td>
                <td>
                  <bdi>{more(line)}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {doc.lines.length === 0 && <p>{t('audit.none')}</p>}
    </>
  );
}

/** Whatever else a line says: the path, the command, the role. */
function more(line: AuditLine): string {
  const facts = Object.entries(line).filter(([name, value]) => !COLUMNS.has(name) && value !== '');
  return facts.map(([name, value]) => `${name}: ${String(value)}`).join(' · ');
}
