/** Who is connected right now. */
import { useGet } from '../core/api';
import { dateTime, t, tr } from '../core/i18n';
import type { ConnectionsDoc } from '../core/schema';
import { useRefresh } from './send';

export function Connections() {
  const [turn] = useRefresh();
  const doc = useGet<ConnectionsDoc>('/api/admin/connections', turn);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('admin.connections')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('admin.name')}</th>
            <th scope="col">{t('admin.role')}</th>
            <th scope="col">{t('admin.station')}</th>
            <th scope="col">{t('admin.address')}</th>
            <th scope="col">{t('admin.since')}</th>
          </tr>
        </thead>
        <tbody>
          {doc?.connections.map((c, i) => (
            <tr key={i}>
              <th scope="row">
                <bdi>{c.name || '–'}</bdi>
              </th>
              <td>{tr('role', c.role)}</td>
              <td>
                <bdi>{c.tablet || '–'}</bdi>
              </td>
              <td>
                <bdi dir="ltr">{c.address}</bdi>
              </td>
              <td>{dateTime(c.since_s * 1000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
