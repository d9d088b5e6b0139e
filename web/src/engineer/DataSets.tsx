/** E2: what the model was and will be taught from, what is missing, and what was put in. */
import { useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { dateTime, number, percent, t, tr, type Params } from '../core/i18n';
import type { ContextData, DataDoc, DataRow, DataSlice, DropDoc, RecordingDoc } from '../core/schema';
import { state } from '../core/transport';
import { labelText } from '../operator/desk';
import { Cases, Count } from './Confusion';
import { useVersion } from './version';

export function DataSets() {
  const doc = useGet<DataDoc>('/api/data', useVersion());
  if (!doc) return null;
  return (
    <section class="data">
      <p>
        {t('data.total', { labels: doc.labels, cases: doc.decided })}{' '}
        {doc.live ? t('data.live', { n: doc.live.cases }) : t('data.no_live')}
      </p>
      {doc.labels === 0 ? <p>{t('data.none')}</p> : <Slices doc={doc} />}
      {doc.withdrawn.length > 0 && (
        <Cases of={{ n: doc.withdrawn.length, cases: doc.withdrawn }} title={t('data.withdrawn')} />
      )}
      <h2>{t('data.missing')}</h2>
      <Missing contexts={doc.contexts} />
      <h2>{t('data.recordings')}</h2>
      <Drop of={doc.drop} />
      <Recordings rows={doc.recordings} />
    </section>
  );
}

const className = (label: string) => labelText(state.value.question, label);

function Slices({ doc }: { doc: DataDoc }) {
  const [of, setOf] = useState('context');
  const slice = doc.slices.find((s) => s.of === of) ?? doc.slices[0];
  return (
    <>
      <div class="filters" role="group" aria-label={t('data.by')}>
        {doc.slices.map((s) => (
          <button key={s.of} type="button" aria-pressed={s.of === of} onClick={() => setOf(s.of)}>
            {tr('data_of', s.of)}
          </button>
        ))}
      </div>
      {slice && <Slice key={slice.of} slice={slice} classes={doc.classes} />}
    </>
  );
}

/** What one row of a slice is called. */
function rowName(of: string, name: string): string {
  if (of === 'sensors' && name === 'complete') return t('data.complete');
  if (of === 'sensors' && name) return t('data.without', { names: name });
  if (of === 'source') return tr('data_source', name);
  if (of === 'role') return name === 'import' ? t('data_source.import') : name ? tr('role', name) : t('data.no_account');
  return name || t('data.not_known');
}

function Slice({ slice: { of, rows }, classes }: { slice: DataSlice; classes: string[] }) {
  const [open, setOpen] = useState<[string, string] | null>(null);
  const find = (row: DataRow, label: string) => row.classes.find((c) => c.label === label);
  const chosen = open && rows.find((r) => r.name === open[0]);
  const cell = chosen && open && find(chosen, open[1]);
  const total = rows.reduce((sum, r) => sum + r.n, 0);
  let grown = 0;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={tr('data_of', of)}>
        <table>
          <thead>
            <tr>
              <th scope="col">{tr('data_of', of)}</th>
              <th scope="col">{t('data.labels')}</th>
              <th scope="col">{of === 'week' ? t('data.grown') : t('data.taught')}</th>
              {classes.map((label) => (
                <th key={label} scope="col">
                  <bdi>{className(label)}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  <bdi>{rowName(of, row.name)}</bdi>
                </th>
                <td>{number(row.n, 6)}</td>
                <td>{of === 'week' ? <Grown n={(grown += row.n)} of={total} /> : number(row.taught, 6)}</td>
                {classes.map((label) => (
                  <td key={label}>
                    <Count
                      of={find(row, label)}
                      chosen={cell}
                      title={(n) => `${rowName(of, row.name)}, ${className(label)}: ${n}`}
                      open={() => setOpen([row.name, label])}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {cell && open && <Cases of={cell} title={`${rowName(of, open[0])} · ${className(open[1])}`} />}
    </>
  );
}

/** How many there were by then. */
function Grown({ n, of }: { n: number; of: number }) {
  return (
    <span class="grown">
      <meter min={0} max={of} value={n} aria-label={t('data.grown')} /> {number(n, 6)}
    </span>
  );
}

function Missing({ contexts }: { contexts: ContextData[] }) {
  if (contexts.length === 0) return <p>{t('data.none')}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('data.missing')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('case.context')}</th>
            <th scope="col">{t('data.cases')}</th>
            <th scope="col">{t('data.labels')}</th>
            <th scope="col">{t('data.lacks')}</th>
          </tr>
        </thead>
        <tbody>
          {contexts.map((c) => (
            <tr key={c.context}>
              <th scope="row">
                <bdi>{c.context || '–'}</bdi>
              </th>
              <td>{number(c.cases, 6)}</td>
              <td>{number(c.labels, 6)}</td>
              <td>{lacks(c)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function lacks({ threshold, missing, labels, taught, needed }: ContextData): string {
  if (labels < needed) return `▲ ${t('data.needs_answers', { n: needed - labels })}`;
  if (taught !== null && taught < needed)
    return `▲ ${t('risk.taught', { n: taught, of: needed })}`;
  if (threshold !== null) return `✓ ${t('data.alone', { share: percent(threshold) })}`;
  if (missing === null) return `▲ ${t('data.no_threshold')}`;
  return `▲ ${missing > 0 ? t('data.needs_labels', { n: missing }) : t('data.too_wrong')}`;
}

function Drop({ of }: { of: DropDoc | null }) {
  if (of === null) return <p>{t('data.no_drop')}</p>;
  const { n, ready, taken, refused, waiting } = of;
  return (
    <p>
      {t('data.drop', { n, ready, taken, refused })}
      {waiting.length > 0 && (
        <>
          {' '}
          {t('data.waits')} <bdi>{waiting.join(', ')}</bdi>
        </>
      )}
    </p>
  );
}

function Recordings({ rows }: { rows: RecordingDoc[] }) {
  const [open, setOpen] = useState<string | null>(null);
  if (rows.length === 0) return <p>{t('data.no_recordings')}</p>;
  const id = (row: RecordingDoc) => `${row.name} ${row.t_ns}`;
  const chosen = rows.find((row) => id(row) === open);
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('data.recordings')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('data.recording')}</th>
              <th scope="col">{t('case.time')}</th>
              <th scope="col">{t('data.became')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={id(row)}>
                <th scope="row">
                  <bdi dir="ltr">{row.name}</bdi>
                </th>
                <td>{dateTime(row.t_ns / 1e6)}</td>
                <td>
                  {row.ok ? (
                    <button
                      type="button"
                      aria-pressed={open === id(row)}
                      aria-label={`${row.name}: ${t('data.taken', { n: row.n })}`}
                      onClick={() => setOpen(id(row))}
                    >
                      ✓ {t('data.taken', { n: row.n })}
                    </button>
                  ) : (
                    `✕ ${tr('import_refused', row.code, t('import_refused.other'), row.params as Params)}`
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {chosen && <Cases of={chosen} title={chosen.name} />}
    </>
  );
}
