/** Two versions side by side: labels, checks, certificates. Rows that differ carry a mark. */
import { useState } from 'preact/hooks';
import { dateTime, number, percent, t, tr } from '../core/i18n';
import type { CertificateDoc, ModelRow } from '../core/schema';
import { checkText, gateName } from './checks';
import { nameOf } from './PlanSwap';

interface Line {
  name: string;
  a: string;
  b: string;
}

export function Compare({ rows }: { rows: ModelRow[] }) {
  const [picked, setPicked] = useState<{ a?: string; b?: string }>({});
  const [all, setAll] = useState(false);
  if (rows.length < 2) return null;
  const find = (model: string | undefined) => rows.find((r) => r.model === model);
  const a = find(picked.a) ?? rows.find((r) => r.live) ?? rows[1]!;
  const b = find(picked.b) ?? rows.find((r) => r !== a)!;
  const choose = (side: 'a' | 'b', row: ModelRow) => (
    <select
      aria-label={t('compare.pick')}
      value={row.model}
      onChange={(e) => setPicked({ ...picked, [side]: e.currentTarget.value })}
    >
      {rows.map((r) => (
        <option key={r.model} value={r.model}>
          {nameOf(r)}
          {r.live ? ` (${t('models.live')})` : ''}
        </option>
      ))}
    </select>
  );
  const shown = (lines: Line[]) => (all ? lines : lines.filter((l) => l.a !== l.b));
  return (
    <section class="compare">
      <h2>{t('compare.title')}</h2>
      <div class="filters">
        <button type="button" aria-pressed={all} onClick={() => setAll(!all)}>
          {t('compare.same')}
        </button>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('compare.title')}>
        <table>
          <thead>
            <tr>
              <td />
              <th scope="col">{choose('a', a)}</th>
              <th scope="col">{choose('b', b)}</th>
            </tr>
          </thead>
          <Part title={t('compare.version')} lines={shown(facts(a, b))} />
          <Part title={t('models.labels')} lines={shown(labels(a, b))} />
          <Part title={t('compare.checks')} lines={shown(checks(a, b))} />
          <Part title={t('compare.thresholds')} lines={shown(thresholds(a, b))} />
        </table>
      </div>
    </section>
  );
}

function Part({ title, lines }: { title: string; lines: Line[] }) {
  if (lines.length === 0) return null;
  return (
    <tbody>
      <tr class="part">
        <th scope="colgroup" colSpan={3}>
          {title}
        </th>
      </tr>
      {lines.map(({ name, a, b }) => (
        <tr key={name} class={a === b ? '' : 'differs'}>
          <th scope="row">
            <bdi>{name}</bdi>
            {a !== b && (
              <span class="mark" role="img" aria-label={t('compare.differs')}>
                {' '}
                ≠
              </span>
            )}
          </th>
          <td>
            <bdi>{a}</bdi>
          </td>
          <td>
            <bdi>{b}</bdi>
          </td>
        </tr>
      ))}
    </tbody>
  );
}

function facts(a: ModelRow, b: ModelRow): Line[] {
  const of = (name: string, tell: (r: ModelRow) => string) => ({ name, a: tell(a), b: tell(b) });
  return [
    of(t('compare.made'), (r) => (r.created_ns === null ? '–' : dateTime(r.created_ns / 1e6))),
    of(t('compare.head'), (r) => r.head ?? '–'),
    of(t('compare.result'), (r) => (r.passed ? t('models.passed') : t('models.refused'))),
  ];
}

/** One line per name that either side knows. */
function union(
  a: Record<string, string>,
  b: Record<string, string>,
  text: (name: string) => string = (name) => name,
): Line[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return names.map((name) => ({ name: text(name), a: a[name] ?? '–', b: b[name] ?? '–' }));
}

function labels(a: ModelRow, b: ModelRow): Line[] {
  const texts = (r: ModelRow) =>
    Object.fromEntries(Object.entries(r.labels).map(([name, n]) => [name, number(n, 6)]));
  return union(texts(a), texts(b));
}

function checks(a: ModelRow, b: ModelRow): Line[] {
  const texts = (r: ModelRow) =>
    Object.fromEntries(r.checks.map((c) => [c.name, `${c.passed ? '✓' : '✕'} ${checkText(c)}`]));
  return union(texts(a), texts(b), gateName);
}

function thresholds(a: ModelRow, b: ModelRow): Line[] {
  const texts = (r: ModelRow) => Object.fromEntries(r.certificates.map((c) => [placeOf(c), worth(c)]));
  return union(texts(a), texts(b));
}

function placeOf({ context, level }: CertificateDoc): string {
  return level && level !== 'context' ? `${context} (${tr('level', level)})` : context;
}

function worth({ threshold, bound, labels: n }: CertificateDoc): string {
  if (threshold === null) return `${t('cert.none')} (${number(n, 6)})`;
  const wrong = bound == null ? '' : ` · ${t('cert.bound')} ${percent(bound, 2)}`;
  return `≥ ${percent(threshold, 2)}${wrong} (${number(n, 6)})`;
}
