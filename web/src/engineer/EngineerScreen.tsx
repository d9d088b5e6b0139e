/** The engineer's screens: recent decisions, one decision end to end, model versions. */
import { useEffect, useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { number, percent, t } from '../core/i18n';
import { go, route } from '../core/route';
import type { StatsDoc } from '../core/schema';
import { state } from '../core/transport';
import { lineMode, lineText, ModeGlyph, ShadowChip } from '../operator/Header';
import { Notices } from '../operator/Notices';
import { CaseView } from './CaseView';
import { Decisions } from './Decisions';
import { Models } from './Models';

const SETTLE_MS = 400;

/** Changes a little after the ledger did, so that a burst of entries costs one fetch. */
export function useVersion(): number {
  const seq = state.value.seq;
  const [version, setVersion] = useState(seq);
  useEffect(() => {
    const timer = setTimeout(() => setVersion(seq), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [seq]);
  return version;
}

export function EngineerScreen() {
  const [, page = 'decisions', id] = route.value;
  const tab = (name: string, text: string) => (
    <a href={`#/engineer/${name}`} aria-current={page === name ? 'page' : undefined}>
      {text}
    </a>
  );
  return (
    <div class="engineer">
      <header>
        <nav aria-label={t('eng.title')}>
          <a href="#/" onClick={() => go()}>
            {t('eng.operator')}
          </a>
          {tab('decisions', t('eng.decisions'))}
          {tab('models', t('eng.models'))}
        </nav>
        <div class="line" role="status">
          <ModeGlyph mode={lineMode()} />
          <span>{lineText()}</span>
        </div>
        <ShadowChip />
      </header>
      <Notices />
      <Figures />
      <main>
        {page === 'models' ? (
          <Models />
        ) : page === 'case' && id ? (
          <CaseView caseId={Number(id)} />
        ) : (
          <Decisions />
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
