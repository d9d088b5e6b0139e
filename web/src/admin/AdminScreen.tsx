/** The admin's screens: people, tablets, who is connected, what was refused and changed. */
import '../engineer/engineer.css';
import type { ComponentType } from 'preact';
import { t, type Key } from '../core/i18n';
import { route } from '../core/route';
import { Notices } from '../operator/Notices';
import { Areas } from '../ui/Areas';
import { Audit } from './Audit';
import { Connections } from './Connections';
import { People } from './People';
import { Tablets } from './Tablets';

const PAGES: Record<string, { title: Key; view: ComponentType }> = {
  people: { title: 'admin.people', view: People },
  tablets: { title: 'admin.tablets', view: Tablets },
  connections: { title: 'admin.connections', view: Connections },
  audit: { title: 'admin.audit', view: Audit },
};

export function AdminScreen() {
  const asked = route.value[1] ?? 'people';
  const page = asked in PAGES ? asked : 'people';
  const { title, view: View } = PAGES[page]!;
  return (
    <div class="engineer admin">
      <header>
        <Areas />
        <nav aria-label={t('area.admin')}>
          {Object.entries(PAGES).map(([name, p]) => (
            <a key={name} href={`#/admin/${name}`} aria-current={page === name ? 'page' : undefined}>
              {t(p.title)}
            </a>
          ))}
        </nav>
      </header>
      <Notices />
      <main>
        <h1>{t(title)}</h1>
        <View />
      </main>
    </div>
  );
}
