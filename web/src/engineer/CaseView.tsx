/** E6: one decision end to end: inputs, what was missing, model, threshold, who, when. */
import { useGet } from '../core/api';
import { dateTime, number, percent, t, tr } from '../core/i18n';
import type { Alike, CaseDoc, DecisionBody, Entry, Evidence, ResolutionBody } from '../core/schema';
import { state } from '../core/transport';
import { labelText } from '../operator/desk';
import { Columns, Signal, Still } from '../operator/Evidence';
import { useVersion } from './version';
import { Withdraw } from './Withdraw';

export function CaseView({ caseId }: { caseId: number }) {
  const doc = useGet<CaseDoc>(`/api/cases/${caseId}`, useVersion());
  if (doc === null) return <p>{t('case.unknown')}</p>;
  if (!doc) return null;
  const body = (kind: string): unknown => doc.entries.find((e) => e.kind === kind)?.body;
  const decision = body('decision') as DecisionBody | undefined;
  const end = body('resolution') as ResolutionBody | undefined;
  return (
    <article class="case">
      <h1>{t('case.title', { n: String(caseId) })}</h1>
      {decision && <Decision body={decision} end={end} />}
      <Nearest alike={doc.nearest ?? []} />
      <h2>{t('case.story')}</h2>
      <Story entries={doc.entries} />
      <Withdraw caseId={caseId} entries={doc.entries} />
      {doc.evidence && (
        <>
          <h2>{t('case.signals')}</h2>
          {doc.evidence.still && <Still caseId={caseId} />}
          <Signals of={doc.evidence} />
        </>
      )}
    </article>
  );
}

/** Past cases beside each signal, as on the tablet; what the columns are is said once. */
function Signals({ of }: { of: Evidence }) {
  const past = of.past ?? [];
  return (
    <div class={past.length ? 'compared' : ''}>
      {past.length > 0 && <Columns of={state.value.question ?? {}} past={past} />}
      <div class={`all-signals ${past.length ? 'wide' : ''}`}>
        {of.channels.map((c) => (
          <Signal key={c.name} channel={c} past={past} />
        ))}
      </div>
    </div>
  );
}

function outcomeText(body: DecisionBody, end: ResolutionBody | undefined): string {
  if (!end) return body.verdict === 'ask' ? t('case.open') : '–';
  const action = end.action ? tr('action', end.action) : null;
  const label = end.label && labelText(state.value.question, end.label);
  return [tr('outcome', end.outcome), label, action, end.by].filter(Boolean).join(' · ');
}

function Decision({ body, end }: { body: DecisionBody; end: ResolutionBody | undefined }) {
  const rows: [string, string][] = [
    [t('case.verdict'), tr('verdict', body.verdict)],
    [t('case.why'), tr('why', body.why ?? '')],
    [t('case.outcome'), outcomeText(body, end)],
    [t('case.label'), body.label ? labelText(state.value.question, body.label) : '–'],
    [t('case.context'), body.context],
    [t('case.model'), body.model ? body.model.slice(0, 12) : t('case.no_model')],
    [t('case.confidence'), body.confidence == null ? '–' : percent(body.confidence, 2)],
    [t('case.threshold'), body.threshold == null ? t('cert.none') : percent(body.threshold, 2)],
    [t('case.latency'), body.latency_ms == null ? '–' : `${number(body.latency_ms)} ms`],
    [t('case.clip'), body.clip ? body.clip.slice(0, 12) : '–'],
  ];
  const params = Object.entries(body.params ?? {});
  return (
    <>
      <dl class="rows">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
        {[...Object.entries(body.facts), ...params].map(([name, value]) => (
          <div key={name}>
            <dt>{tr('fact', name)}</dt>
            <dd>
              <bdi>{typeof value === 'string' ? value : JSON.stringify(value)}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <Probs probs={body.probs ?? null} />
      {(body.notes ?? []).length > 0 && (
        <ul class="notes">
          {(body.notes ?? []).map((n) => (
            <li key={n.channel + n.problem}>
              <bdi>{n.channel}</bdi>: {tr('problem', n.problem)} ({percent(n.share)}) · {tr('policy', n.action)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** "Most like case 123, labelled jam by shift B": what the model goes by. */
function Nearest({ alike }: { alike: Alike[] }) {
  if (!alike.length) return null;
  return (
    <>
      <h2>{t('case.nearest')}</h2>
      <ul class="nearest">
        {alike.map((a) => (
          <li key={a.case}>
            <a href={`#/engineer/case/${a.case}`}>{t('case.title', { n: String(a.case) })}</a>
            <bdi>{a.label ?? t('case.withdrawn')}</bdi>
            <bdi>{a.shift ? t('case.shift', { name: a.shift }) : a.by}</bdi>
            <meter min={0} max={1} value={a.similarity} />
            <span>{percent(a.similarity)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Probs({ probs }: { probs: Record<string, number> | null }) {
  if (!probs) return null;
  const sorted = Object.entries(probs).sort((a, b) => b[1] - a[1]);
  return (
    <ul class="probs">
      {sorted.map(([name, p]) => (
        <li key={name}>
          <bdi>{name}</bdi>
          <meter min={0} max={1} value={p} />
          <span>{percent(p, 2)}</span>
        </li>
      ))}
    </ul>
  );
}

function Story({ entries }: { entries: Entry[] }) {
  return (
    <ol class="story">
      {entries.map((e) => (
        <li key={e.seq}>
          <span>{dateTime(e.t_ns / 1e6)}</span>
          <b>{tr('kind', e.kind)}</b>
          <span>{storyText(e)}</span>
        </li>
      ))}
    </ol>
  );
}

function storyText({ kind, body }: Entry): string {
  const text = (key: string) => String(body[key] ?? '');
  const parts = [
    text('by'),
    text('tablet'),
    text('label') && labelText(state.value.question, text('label')),
    kind === 'label' && !text('label') && t('case.withdrawn'),
    tr('answer_status', text('status')),
    tr('outcome', text('outcome')),
    text('code'),
    kind === 'resolution' ? tr('action', text('action')) : '',
  ];
  return parts.filter(Boolean).join(' · ');
}
