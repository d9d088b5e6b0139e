/** A planned swap: at the next break or at a time; shown until it is done or dropped. */
import { useState } from 'preact/hooks';
import { unknown } from '../core/clock';
import { dateTime, ltr, t } from '../core/i18n';
import type { ModelRow, SwapPlan } from '../core/schema';
import { beat } from '../core/transport';
import { operate } from '../operator/desk';

const BREAK = 'break';

export function PlanSwap({ rows }: { rows: ModelRow[] }) {
  const [model, setModel] = useState('');
  const [time, setTime] = useState('');
  const plan = beat.value?.pulse.state.plan;
  const able = rows.filter((r) => r.passed && !r.live && !r.damaged);
  const chosen = able.some((r) => r.model === model) ? model : '';
  const make = (event: Event) => {
    event.preventDefault();
    operate({ kind: 'schedule', at: time || BREAK, model: chosen || null });
  };
  return (
    <section class="plan" aria-label={t('plan.title')}>
      <h2>{t('plan.title')}</h2>
      <div class="controls" role="status">
        <p class="planned">{plan ? planText(plan) : t('plan.none')}</p>
        {plan && (
          <button type="button" disabled={unknown.value} onClick={() => operate({ kind: 'unschedule' })}>
            {t('plan.drop')}
          </button>
        )}
      </div>
      <form class="controls" onSubmit={make}>
        <label>
          {t('plan.version')}
          <select value={chosen} onChange={(e) => setModel(e.currentTarget.value)}>
            <option value="">{t('plan.newest')}</option>
            {able.map((r) => (
              <option key={r.model} value={r.model}>
                {nameOf(r)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('plan.time')}
          <input type="time" value={time} onInput={(e) => setTime(e.currentTarget.value)} />
        </label>
        <button type="submit" disabled={unknown.value}>
          {time ? t('plan.make_at', { time }) : t('plan.make_break')}
        </button>
      </form>
    </section>
  );
}

export function nameOf(row: ModelRow): string {
  const made = row.created_ns === null ? '' : ` · \u2068${dateTime(row.created_ns / 1e6)}\u2069`;
  return `${row.live ? '● ' : ''}${ltr(row.model.slice(0, 12))}${made}`;
}

function planText({ model, at_ns: at, by }: SwapPlan): string {
  const what = model ? model.slice(0, 12) : t('plan.newest');
  const when = at === null ? t('plan.break') : dateTime(at / 1e6);
  return t('plan.made', { what, when, by });
}
