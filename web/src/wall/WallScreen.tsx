/** Screens nobody touches: the state of the line, and its figures. */
import './wall.css';
import { t } from '../core/i18n';
import { route } from '../core/route';
import { Areas } from '../ui/Areas';
import { Andon } from './Andon';
import { Kpis } from './Kpis';

export function WallScreen() {
  const page = route.value[1] === 'kpi' ? 'kpi' : 'andon';
  const tab = (name: string, path: string, text: string) => (
    <a href={path} aria-current={page === name ? 'page' : undefined}>
      {text}
    </a>
  );
  return (
    <div class="wall">
      <main>{page === 'kpi' ? <Kpis /> : <Andon />}</main>
      <footer>
        <nav aria-label={t('wall.title')}>
          {tab('andon', '#/wall', t('wall.line'))}
          {tab('kpi', '#/wall/kpi', t('wall.figures'))}
        </nav>
        <Areas />
      </footer>
    </div>
  );
}
