/** Recent decisions, newest first, with filters. */
import { useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { dateTime, percent, t, tr, type Key } from '../core/i18n';
import type { CaseList, CaseRow } from '../core/schema';
import { state } from '../core/transport';
import { labelText } from '../operator/desk';
import { useVersion } from './version';

const FILTERS: Record<string, { key: Key; test: (row: CaseRow) => boolean }> = {
  all: { key: 'eng.all', test: () => true },
  acted: { key: 'eng.acted', test: (r) => r.verdict === 'act' },
  asked: { key: 'eng.asked', test: (r) => r.verdict === 'ask' },
  expired: { key: 'eng.expired', test: (r) => r.outcome === 'expired' },
};
const SHOWN = 200;

export function Decisions() {
  const [filter, setFilter] = useState('all');
  const list = useGet<CaseList>(`/api/cases?limit=${SHOWN}`, useVersion());
  const rows = (list?.cases ?? []).filter((r) => FILTERS[filter]?.test(r));
  return (
    <section>
      <div class="filters" role="group" aria-label={t('eng.filter')}>
        {Object.entries(FILTERS).map(([name, f]) => (
          <button
            key={name}
            type="button"
            aria-pressed={filter === name}
            onClick={() => setFilter(name)}
          >
            {t(f.key)}
          </button>
        ))}
      </div>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('case.number')}</th>
              <th scope="col">{t('case.time')}</th>
              <th scope="col">{t('case.verdict')}</th>
              <th scope="col">{t('case.label')}</th>
              <th scope="col">{t('case.confidence')}</th>
              <th scope="col">{t('case.outcome')}</th>
              <th scope="col">{t('case.by')}</th>
              <th scope="col">{t('case.context')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.case} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {list && rows.length === 0 && <p>{t('eng.no_rows')}</p>}
    </section>
  );
}

function labelOf(row: CaseRow): string {
  const label = row.answer ?? row.label;
  return label === null ? '–' : labelText(state.value.question, label);
}

function Row({ row }: { row: CaseRow }) {
  return (
    <tr>
      <td>
        <a href={`#/engineer/case/${row.case}`}>{row.case}</a>
      </td>
      <td>{dateTime(row.t_ns / 1e6)}</td>
      <td>
        {tr('verdict', row.verdict)}
        <small>{tr('why', row.why)}</small>
      </td>
      <td>
        <bdi>{labelOf(row)}</bdi>
      </td>
      <td>
        {row.confidence === null ? '–' : percent(row.confidence)}
        {row.threshold !== null && <small>≥ {percent(row.threshold)}</small>}
      </td>
      <td>{row.outcome ? tr('outcome', row.outcome) : row.verdict === 'act' ? '–' : t('case.open')}</td>
      <td>
        <bdi>{row.by || '–'}</bdi>
      </td>
      <td>
        <bdi>{row.context}</bdi>
      </td>
    </tr>
  );
}
