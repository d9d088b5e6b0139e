/** W2: figures of the cell, never of a person: value, band, cases behind it, the last shifts. */
import { useEffect, useState } from 'preact/hooks';
import { failing, useGet } from '../core/api';
import { now } from '../core/clock';
import { age, dateTime, duration, number, percent, range, t, tr } from '../core/i18n';
import type { Figure, Kpi, KpiDoc } from '../core/schema';
import { state } from '../core/transport';
import { labelText } from '../operator/desk';
import { Trend } from './Trend';

const REFRESH_MS = 20_000;
const OLD_MS = 3 * REFRESH_MS;
/** Classes of scrap that fit. */
const PARTS = 3;

type Format = (value: number) => string;
const share: Format = (v) => percent(v);
const FORMATS: Record<string, Format> = {
  asks_per_hour: (v) => number(v),
  answer_s: duration,
  acted_share: share,
  first_pass: share,
  scrap: share,
  oee: share,
  expired: share,
  between_interventions_s: duration,
  wrong_alone: share,
};

/** Goes up every so often, so that the figures follow without anybody touching the screen. */
function useTurn(): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((n) => n + 1), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return turn;
}

export function Kpis() {
  const doc = useGet<KpiDoc>('/api/kpi', useTurn());
  const [at, setAt] = useState(0);
  useEffect(() => setAt(performance.now()), [doc]);
  if (!doc) return <p class="none">{doc === null || failing.value > 0 ? t('wall.no_figures') : ''}</p>;
  const ageMs = Math.max(0, now.value - at);
  const known = Object.keys(FORMATS).filter((name) => doc.figures[name]);
  return (
    <section class="kpis">
      <header>
        <h1>
          <bdi>{state.value.cell || '–'}</bdi>
        </h1>
        <p class={ageMs > OLD_MS ? 'old' : ''}>
          {doc.since_ns !== null &&
            t('wall.since', { n: doc.cases, time: dateTime(doc.since_ns / 1e6) })}{' '}
          {t('wall.fetched', { age: age(ageMs) })}
        </p>
      </header>
      <div class="grid">
        {known.map((name) => (
          <Tile key={name} name={name} kpi={doc.figures[name] as Kpi} all={doc.figures} format={FORMATS[name] ?? share} />
        ))}
        <p class="note">{t('wall.note')}</p>
      </div>
    </section>
  );
}

interface TileProps {
  name: string;
  kpi: Kpi;
  all: KpiDoc['figures'];
  format: Format;
}

function Tile({ name, kpi, all, format }: TileProps) {
  const { value, n } = kpi.all;
  return (
    <article class="kpi" data-kpi={name}>
      <h2>{tr('kpi', name)}</h2>
      {value === null ? (
        <p class="none">{t(NEEDS_HOLDS.has(name) && state.value.shadow ? 'wall.no_holds' : 'wall.no_figure')}</p>
      ) : (
        <>
          <p class="value">{format(value)}</p>
          <p class="band">
            {bandText(kpi.all, format)} <b>n = {number(n, 6)}</b>
          </p>
          <Wanted value={value} most={kpi.most ?? null} format={format} />
          {name === 'oee' && <p class="small">{t('wall.oee')}</p>}
          <Parts of={parts(name, kpi, all)} />
          <Trend most={kpi.most ?? null} shifts={kpi.shifts} name={t('wall.trend', { name: tr('kpi', name), n: kpi.shifts.length })} format={format} />
        </>
      )}
    </article>
  );
}

/** It comes from holds; a cell that advises only holds nothing. */
const NEEDS_HOLDS: ReadonlySet<string> = new Set(['oee']);

interface WantedProps {
  value: number;
  most: number | null;
  format: Format;
}

/** What it should stay below, and whether it does: shape and words, no colour alone. */
function Wanted({ value, most, format }: WantedProps) {
  if (most === null) return null;
  return (
    <p class="wanted">
      {value <= most ? '✓' : '▲'} {t('wall.most', { value: format(most) })}
    </p>
  );
}

/** What a figure is made of: scrap by class, the most frequent first; OEE of its two factors. */
function parts(name: string, { parts: classes = [] }: Kpi, all: KpiDoc['figures']): [string, number][] {
  if (name === 'oee') {
    const factors = ['available', 'first_pass'].map((f): [string, number] => [tr('kpi', f), all[f]?.all.value ?? 0]);
    return factors;
  }
  return classes.slice(0, PARTS).map((p) => [labelText(state.value.question, p.label), p.value ?? 0]);
}

function Parts({ of }: { of: [string, number][] }) {
  if (of.length === 0) return null;
  return (
    <ul class="parts">
      {of.map(([name, value]) => (
        <li key={name}>
          <bdi>{name}</bdi> <b>{percent(value)}</b>
        </li>
      ))}
    </ul>
  );
}

function bandText({ low, high }: Figure, format: Format): string {
  return low === null || high === null ? '' : range(format(low), format(high));
}
