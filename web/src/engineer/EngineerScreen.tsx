/** The engineer's screens: decisions, models, confusion, thresholds, words. */
import './engineer.css';
import type { ComponentType } from 'preact';
import { useGet } from '../core/api';
import { number, percent, t, type Key } from '../core/i18n';
import { me } from '../core/me';
import { route } from '../core/route';
import type { StatsDoc } from '../core/schema';
import { lineMode, lineText, ModeGlyph, ShadowChip } from '../operator/Header';
import { Notices } from '../operator/Notices';
import { Areas } from '../ui/Areas';
import { CaseView } from './CaseView';
import { Confusion } from './Confusion';
import { DataSets } from './DataSets';
import { Decisions } from './Decisions';
import { LabelReview } from './LabelReview';
import { Models } from './Models';
import { Vocabulary } from './Vocabulary';
import { useVersion } from './version';
import { WhatIf } from './WhatIf';

const FIRST = { title: 'eng.decisions', view: Decisions } as const;
const PAGES: Record<string, { title: Key; view: ComponentType }> = {
  decisions: FIRST,
  models: { title: 'eng.models', view: Models },
  data: { title: 'eng.data', view: DataSets },
  review: { title: 'eng.review', view: LabelReview },
  confusion: { title: 'eng.confusion', view: Confusion },
  what_if: { title: 'eng.what_if', view: WhatIf },
  vocabulary: { title: 'eng.vocabulary', view: Vocabulary },
};

export function EngineerScreen() {
  const [, page = 'decisions', id] = route.value;
  const { title, view: Page } = PAGES[page] ?? FIRST;
  const tab = (name: string, text: string) => (
    <a key={name} href={`#/engineer/${name}`} aria-current={page === name ? 'page' : undefined}>
      {text}
    </a>
  );
  return (
    <div class="engineer">
      <header>
        <Areas />
        <nav aria-label={t('eng.title')}>
          {Object.entries(PAGES).map(([name, { title }]) => tab(name, t(title)))}
        </nav>
        <div class="line" role="status">
          <ModeGlyph mode={lineMode()} />
          <span>{lineText()}</span>
        </div>
        <ShadowChip />
        {me.value?.simulated && <b class="chip">{t('clock.simulated')}</b>}
      </header>
      <Notices />
      <main>
        {page === 'case' && id ? (
          <CaseView caseId={Number(id)} />
        ) : (
          <>
            <h1>{t(title)}</h1>
            {Page === Decisions && <Figures />}
            <Page />
          </>
        )}
      </main>
    </div>
  );
}

/** Only what the ledger has; a share says of how many. */
function Figures() {
  const stats = useGet<StatsDoc>('/api/stats', useVersion());
  if (!stats) return <dl class="figures" />;
  const share = (n: number, of: number) => (of ? `${percent(n / of)} (${n}/${of})` : '–');
  const rows: [string, string][] = [
    [t('stats.decisions'), number(stats.decisions, 6)],
    [t('stats.acted'), share(stats.acted, stats.decisions)],
    [t('stats.per_hour'), stats.asks_per_hour === null ? '–' : number(stats.asks_per_hour)],
    [t('stats.expired'), share(stats.expired, stats.asked)],
    [t('stats.wrong'), share(stats.audit_wrong, stats.audited)],
  ];
  return (
    <dl class="figures">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
