/** The way between the areas, by role; what a role may not see; what is missing on plain HTTP. */
import { t, tr } from '../core/i18n';
import { me, mayOpen } from '../core/me';
import { area, AREAS } from '../core/route';

export function Areas() {
  return (
    <nav class="areas" aria-label={t('area.title')}>
      {AREAS.filter(mayOpen).map((a) => (
        <a key={a} href={a === 'operator' ? '#/' : `#/${a}`} aria-current={area.value === a ? 'true' : undefined}>
          {t(`area.${a}`)}
        </a>
      ))}
      {me.value?.login && me.value.role !== 'wall' && <LogOut />}
    </nav>
  );
}

/** A form, so that it works as the login does: the server ends the session and shows the login. */
export function LogOut() {
  return (
    <form class="log-out" method="post" action="/logout">
      {me.value?.name && <bdi>{me.value.name}</bdi>}
      <button type="submit">{t('area.log_out')}</button>
    </form>
  );
}

/** The server refuses it; the page says so instead of staying empty. */
export function NotForYou() {
  const role = me.value?.role ?? '';
  return (
    <main class="not-for-you">
      <h1>{t('role.refused')}</h1>
      <p>{t('role.yours', { role: tr('role', role) })}</p>
      <p>{t('role.ask')}</p>
      <Areas />
    </main>
  );
}

/** A part of the page did not come, also after a reload. */
export function NotLoaded() {
  return (
    <main class="not-for-you">
      <h1>{t('part.missing')}</h1>
      <p>
        <button type="button" onClick={() => location.reload()}>
          {t('part.again')}
        </button>
      </p>
      <Areas />
    </main>
  );
}

export function PlainNotice() {
  return (
    <aside class="plain-notice" aria-label={t('plain.title')}>
      <b>▲ {t('plain.title')}</b> <span>{t('plain.what')}</span>
    </aside>
  );
}
