/** E1: versions with gates and certificates; promote and roll back by holding. */
import { useGet } from '../core/api';
import { unknown } from '../core/clock';
import { dateTime, number, percent, t, tr } from '../core/i18n';
import type { CertificateDoc, CheckRow, Entry, ModelDoc, ModelRow } from '../core/schema';
import { beat, state } from '../core/transport';
import { operate } from '../operator/desk';
import { HoldButton } from '../ui/HoldButton';
import { useVersion } from './version';
import { Compare } from './Compare';
import { checkText, gateName, gateNames } from './checks';
import { PlanSwap } from './PlanSwap';
import { Risk } from './Risk';

export function Models() {
  const doc = useGet<ModelDoc>('/api/models', useVersion());
  const on = beat.value?.pulse.state.maintenance ?? state.value.maintenance;
  return (
    <section class="models">
      <div class="controls">
        <HoldButton
          disabled={unknown.value}
          onDone={() => operate({ kind: 'maintenance', on: !on })}
        >
          {on ? t('models.maintenance_end') : t('models.maintenance_begin')}
        </HoldButton>
        <HoldButton
          disabled={unknown.value || !doc?.current}
          onDone={() => operate({ kind: 'rollback', model: beat.value?.pulse.state.model ?? null })}
        >
          {t('models.rollback')}
        </HoldButton>
        <p>{t('models.hold_hint')}</p>
      </div>
      {beat.value?.pulse.state.auto_paused && (
        <p class="paused" role="status">
          ▲ {t('models.paused')}
        </p>
      )}
      <PlanSwap rows={doc?.versions ?? []} />
      <Risk />
      {doc?.versions.length === 0 && <p>{t('models.none')}</p>}
      <Versions rows={doc?.versions ?? []} />
      <Compare rows={doc?.versions ?? []} />
      {doc && <History entries={doc.history} />}
    </section>
  );
}

const SHOWN = 5;

/** The newest ones and the live one; the others on a tap. */
function Versions({ rows }: { rows: ModelRow[] }) {
  const [newest, older] = [rows.slice(0, SHOWN), rows.slice(SHOWN)];
  const list = (of: ModelRow[]) => of.map((row) => <Version key={row.model} row={row} />);
  const rest = older.filter((r) => !r.live);
  return (
    <>
      {list([...newest, ...older.filter((r) => r.live)])}
      {rest.length > 0 && (
        <details class="older">
          <summary>{t('models.older', { n: rest.length })}</summary>
          {list(rest)}
        </details>
      )}
    </>
  );
}

function Version({ row }: { row: ModelRow }) {
  const mayPromote = row.passed && !row.live && !row.damaged && !unknown.value;
  return (
    <article class={`version ${row.live ? 'live' : ''}`} data-model={row.model}>
      <header>
        <h2>
          <code>{row.model.slice(0, 12)}</code>
          {row.live && <span class="tag">● {t('models.live')}</span>}
          {row.damaged && <span class="tag">■ {t('models.damaged')}</span>}
          {!row.passed && <span class="tag">▲ {t('models.refused')}</span>}
        </h2>
        <p>
          {row.created_ns !== null && dateTime(row.created_ns / 1e6)}
          {row.parent && ` · ${t('models.parent', { model: row.parent.slice(0, 12) })}`}
          {row.head && ` · ${row.head}`}
        </p>
        {!row.live && (
          <HoldButton
            disabled={!mayPromote}
            onDone={() => operate({ kind: 'promote', model: row.model })}
          >
            {t('models.promote')}
          </HoldButton>
        )}
      </header>
      <p>
        {t('models.labels')}:{' '}
        {Object.entries(row.labels).map(([name, n], i) => (
          <span key={name}>
            {i > 0 && ', '}
            <bdi>{name}</bdi> {number(n, 6)}
          </span>
        ))}
      </p>
      <Gates checks={row.checks} />
      <Certificates certificates={row.certificates} />
    </article>
  );
}

/** What failed stands open and first; what passed is one line until somebody wants to see it. */
function Gates({ checks }: { checks: CheckRow[] }) {
  if (checks.length === 0) return <p>{t('models.no_gates')}</p>;
  const passed = checks.filter((c) => c.passed);
  const failed = checks.filter((c) => !c.passed);
  return (
    <>
      {failed.length > 0 && <Checks rows={failed} />}
      <details>
        <summary>{t('models.gates', { n: passed.length, of: checks.length })}</summary>
        <Checks rows={passed} />
      </details>
    </>
  );
}

function Checks({ rows }: { rows: CheckRow[] }) {
  return (
    <ul class="gates">
      {rows.map((c) => (
        <li key={c.name} class={c.passed ? 'passed' : 'failed'}>
          <b>
            {c.passed ? '✓' : '✕'} {gateName(c.name)}
          </b>{' '}
          <span>{checkText(c)}</span>
          {c.cases.length > 0 && (
            <span class="cases">
              {c.cases.map((n) => (
                <a key={n} href={`#/engineer/case/${n}`}>
                  {n}
                </a>
              ))}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Certificates({ certificates }: { certificates: CertificateDoc[] }) {
  if (certificates.length === 0) return <p>{t('cert.no_list')}</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('case.context')}</th>
            <th scope="col">{t('case.threshold')}</th>
            <th scope="col">{t('cert.bound')}</th>
            <th scope="col">{t('cert.labels')}</th>
            <th scope="col">{t('cert.missing')}</th>
          </tr>
        </thead>
        <tbody>
          {certificates.map((c) => (
            <tr key={`${c.level ?? 'context'} ${c.context}`}>
              <td>
                <bdi>{c.context}</bdi>
                {c.level && c.level !== 'context' && <small>{tr('level', c.level)}</small>}
              </td>
              <td>{c.threshold === null ? t('cert.none') : percent(c.threshold, 2)}</td>
              <td>
                {c.bound == null ? '–' : percent(c.bound, 2)}
                <small>{t('cert.promise', { epsilon: percent(c.epsilon, 2), rule: c.rule })}</small>
              </td>
              <td>
                {t('cert.behind', {
                  n: c.labels,
                  accepted: c.accepted ?? 0,
                  errors: c.errors ?? 0,
                })}
                {c.groups && c.groups < c.labels ? (
                  <small>{t('cert.groups', { n: c.groups })}</small>
                ) : null}
              </td>
              <td>{c.missing ?? 0}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function History({ entries }: { entries: Entry[] }) {
  return (
    <>
      <h2>{t('models.history')}</h2>
      <ol class="story">
        {entries.map((e) => (
          <li key={e.seq}>
            <span>{dateTime(e.t_ns / 1e6)}</span>
            <b>{tr('kind', e.kind)}</b>
            <span>{historyText(e)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** Why a version went live, or a plan was dropped. */
function why(body: Entry['body']): string {
  const reason = String(body['reason'] ?? '');
  return reason && tr('swap', reason);
}

function historyText(entry: Entry): string {
  const body = entry.body;
  if (entry.kind === 'schedule' || entry.kind === 'unschedule')
    return [body['model'] ? String(body['model']).slice(0, 12) : t('plan.newest'), body['at'], why(body), body['by']]
      .filter(Boolean)
      .join(' · ');
  if (entry.kind === 'maintenance')
    return [body['on'] ? t('models.on') : t('models.off'), body['by']].join(' · ');
  const model = String(body['model'] ?? '').slice(0, 12);
  if (entry.kind !== 'candidate') return [model, body['by'], why(body)].filter(Boolean).join(' · ');
  const failed = (body['failed'] as string[] | undefined) ?? [];
  const verdict = body['passed'] ? t('models.passed') : t('models.failed', { names: gateNames(failed) });
  return `${model} · ${verdict}`;
}
