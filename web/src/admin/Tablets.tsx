/** A2: tablets by their station; a code pairs a new one. */
import { useState } from 'preact/hooks';
import { useGet, type Outcome } from '../core/api';
import { now, secondsLeft } from '../core/clock';
import { duration, t } from '../core/i18n';
import type { TabletsDoc } from '../core/schema';
import { HoldButton } from '../ui/HoldButton';
import { change, useRefresh } from './send';

interface Offer extends Outcome {
  code: string;
  seconds: number;
  qr: string | null;
}

/** A code as long as it is good for something. */
interface Shown {
  code: string;
  qr: string | null;
  name: string;
  until: number;
}

export function Tablets() {
  const [turn, refresh] = useRefresh();
  const doc = useGet<TabletsDoc>('/api/admin/tablets', turn);
  const [name, setName] = useState('');
  const [wall, setWall] = useState(false);
  const [offer, setOffer] = useState<Shown | null>(null);
  const ask = async (event: Event) => {
    event.preventDefault();
    const made = await change<Offer>('tablets', { name, wall });
    if (!made) return;
    const { code, qr, seconds } = made;
    setOffer({ code, qr, name, until: performance.now() + seconds * 1000 });
    setName('');
  };
  const remove = async (station: string) => {
    await change('tablets/remove', { name: station });
    refresh();
  };
  return (
    <>
      <form class="controls" onSubmit={(e) => void ask(e)}>
        <label>
          {t('admin.station')}
          <input id="station" required maxLength={80} value={name} onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        <label>
          {t('admin.kind')}
          <select id="kind" value={String(wall)} onChange={(e) => setWall(e.currentTarget.value === 'true')}>
            <option value="false">{t('admin.kind_tablet')}</option>
            <option value="true">{t('admin.kind_wall')}</option>
          </select>
        </label>
        <button type="submit">{t('admin.make_code')}</button>
      </form>
      {offer && <Code offer={offer} />}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('admin.station')}</th>
              <th scope="col">{t('admin.state')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {doc?.tablets.map((tablet) => (
              <tr key={tablet.name}>
                <th scope="row">
                  <bdi>{tablet.name}</bdi>
                  {tablet.wall && <small>{t('role.wall')}</small>}
                </th>
                <td>{tablet.active ? `● ${t('admin.active')}` : `■ ${t('admin.removed')}`}</td>
                <td class="buttons">
                  {tablet.active && (
                    <HoldButton onDone={() => void remove(tablet.name)}>{t('admin.remove')}</HoldButton>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {doc?.tablets.length === 0 && <p>{t('admin.no_tablets')}</p>}
    </>
  );
}

/** Big enough to be typed on the tablet from across the desk; gone when it is worth nothing. */
function Code({ offer }: { offer: Shown }) {
  const left = secondsLeft(offer.until, now.value);
  if (left === 0) return <p role="status">{t('admin.code_over')}</p>;
  return (
    <div class="pairing" role="status">
      <p>{t('admin.code_where', { name: offer.name, url: `${location.origin}/pair` })}</p>
      <div class="ways">
        {offer.qr && <img class="qr" src={offer.qr} alt={t('admin.qr')} />}
        <output class="code" dir="ltr">
          {offer.code.match(/.{1,4}/g)?.join(' ')}
        </output>
      </div>
      <p>{offer.qr ? t('admin.qr_how') : t('admin.qr_none')}</p>
      <p>{t('admin.code_left', { time: duration(left) })}</p>
    </div>
  );
}
