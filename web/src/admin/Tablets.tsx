/** A2: tablets by their station; a code pairs a new one. */
import { useState } from 'preact/hooks';
import { useGet, type Outcome } from '../core/api';
import { now, secondsLeft } from '../core/clock';
import { age, duration, number, percent, t } from '../core/i18n';
import { notify } from '../core/notices';
import type { DeviceDoc, TabletRow, TabletsDoc } from '../core/schema';
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
  const reload = async (station: string) => {
    if (await change('tablets/reload', { name: station })) notify('admin.reload_asked', () => ({ name: station }));
    refresh();
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
      <div class="scroll" tabIndex={0} role="region" aria-label={t('admin.tablets')}>
        <table class="tablets">
          <thead>
            <tr>
              <th scope="col">{t('admin.station')}</th>
              <th scope="col">{t('admin.state')}</th>
              <td />
              <th scope="col">{t('admin.seen')}</th>
              <th scope="col">{t('admin.browser')}</th>
              <th scope="col">{t('admin.round_trip')}</th>
              <th scope="col">{t('admin.awake')}</th>
              <th scope="col">{t('admin.battery')}</th>
            </tr>
          </thead>
          <tbody>
            {doc?.tablets.map((tablet) => (
              <tr key={tablet.name}>
                <th scope="row">
                  <bdi>{tablet.name}</bdi>
                  {tablet.wall && <small>{t('role.wall')}</small>}
                </th>
                <td>{stateText(tablet)}</td>
                <td>
                  <div class="buttons">
                    {tablet.device?.connected && (
                      <button
                        type="button"
                        disabled={tablet.device.reload}
                        aria-label={`${t('admin.reload')}: ${tablet.name}`}
                        onClick={() => void reload(tablet.name)}
                      >
                        {tablet.device.reload ? t('admin.reload_waits') : t('admin.reload')}
                      </button>
                    )}
                    {tablet.enrolled && tablet.active && (
                      <HoldButton onDone={() => void remove(tablet.name)}>{t('admin.remove')}</HoldButton>
                    )}
                  </div>
                </td>
                <Seen device={tablet.device} build={doc.build} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {doc?.tablets.length === 0 && <p>{t('admin.no_tablets')}</p>}
    </>
  );
}

function stateText({ enrolled, active }: TabletRow): string {
  if (!enrolled) return `○ ${t('admin.not_enrolled')}`;
  return active ? `● ${t('admin.active')}` : `■ ${t('admin.removed')}`;
}

/** What it was when it was seen last; a browser that does not tell is "not known". */
function Seen({ device, build }: { device: DeviceDoc | null; build: string }) {
  if (!device) {
    return <td colSpan={5}>{t('admin.not_seen')}</td>;
  }
  const { connected, seen_ago_s, browser, address, rtt_ms, awake, battery, charging } = device;
  const old = device.build !== '' && build !== '' && device.build !== build;
  return (
    <>
      <td>
        {connected ? `● ${t('admin.connected')}` : `○ ${age(seen_ago_s * 1000)}`}
        {device.busy && connected && <small>▲ {t('admin.busy')}</small>}
        <small>
          <bdi dir="ltr">{address}</bdi>
        </small>
      </td>
      <td>
        <bdi dir="ltr" title={browser}>
          {browserName(browser)}
        </bdi>
        <small>
          {old ? `▲ ${t('admin.old_page')}` : t('admin.page')} <bdi dir="ltr">{device.build || '–'}</bdi>
        </small>
      </td>
      <td>{rtt_ms === null ? t('data.not_known') : `${number(rtt_ms, 2)} ms`}</td>
      <td>{awake === null ? t('data.not_known') : awake ? `● ${t('admin.kept_awake')}` : `▲ ${t('admin.may_sleep')}`}</td>
      <td>
        {battery === null ? t('data.not_known') : percent(battery, 0)}
        {charging !== null && battery !== null && (
          <small>{charging ? t('admin.charging') : t('admin.discharging')}</small>
        )}
      </td>
    </>
  );
}

/** `Firefox 120, Android 13`: what a person would call it; else what it calls itself. */
export function browserName(agent: string): string {
  const [, name = '', version = ''] =
    /(Edg|Firefox|SamsungBrowser|HeadlessChrome|Chrome)\/(\d+)/.exec(agent.replace(/.*(Edg)\//, '$1/')) ??
    /(Version)\/(\d+(?:\.\d+)?)/.exec(agent) ??
    [];
  const system = /Android \d+|iPad|iPhone|Windows|Mac OS X|Linux/.exec(agent)?.[0] ?? '';
  if (!name) return agent.slice(0, 40) || '–';
  return [`${name === 'Version' ? 'Safari' : name} ${version}`, system].filter(Boolean).join(', ');
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
