/** E4: what another tolerated risk would have meant for the recorded cases; two people change it. */
import { useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { ltr, number, percent, t } from '../core/i18n';
import type { Figure, WhatIfDoc, WhatIfOption } from '../core/schema';
import { Propose } from './Propose';
import { useVersion } from './version';
import { WhatIfPlot } from './WhatIfPlot';

export function WhatIf() {
  const doc = useGet<WhatIfDoc>('/api/what_if', useVersion());
  const [picked, setPicked] = useState<number | null>(null);
  if (!doc) return null;
  if (doc.cases === 0) {
    return (
      <section class="what-if">
        <p>{t('what_if.none')}</p>
        {doc.proposal && <Propose open={doc.proposal} value={null} />}
      </section>
    );
  }
  const { options, now } = doc;
  const present = Math.max(0, options.findIndex((o) => o.epsilon === now));
  const at = Math.min(picked ?? present, options.length - 1);
  const [was, would] = [options[present]!, options[at]!];
  return (
    <section class="what-if">
      <p>{t('what_if.caveat', { n: doc.cases, shifts: doc.shifts })}</p>
      <label class="slide">
        <span>
          {t('what_if.epsilon')}: <b>{percent(would.epsilon, 2)}</b>
          {at === present && ` ● ${t('what_if.now')}`}
        </span>
        <input
          type="range"
          dir="ltr"
          min={0}
          max={options.length - 1}
          value={at}
          aria-valuetext={percent(would.epsilon, 2)}
          onInput={(e) => setPicked(Number(e.currentTarget.value))}
        />
      </label>
      <Difference was={was} would={would} />
      <WhatIfPlot options={options} present={present} at={at} />
      <Options options={options} present={present} at={at} choose={setPicked} />
      <Propose open={doc.proposal} value={at === present ? null : would.epsilon} />
    </section>
  );
}

/** The three figures that count, as they are and as they would be. */
function Difference({ was, would }: { was: WhatIfOption; would: WhatIfOption }) {
  const rows: [string, string, string][] = [
    [t('what_if.asks'), number(was.asks_per_shift), number(would.asks_per_shift)],
    [t('what_if.wrong'), withBand(was.wrong_alone), withBand(would.wrong_alone)],
    [t('what_if.cost'), number(was.cost_per_shift), number(would.cost_per_shift)],
  ];
  return (
    <dl class="figures" aria-live="polite">
      {rows.map(([name, before, after]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {after}
            {before !== after && <small>{t('what_if.instead', { value: before })}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function withBand({ value, low, high, n }: Figure): string {
  if (value === null || low === null || high === null) return t('wall.no_figure');
  return ltr(`${percent(value)} (${percent(low)} – ${percent(high)}, n = ${number(n, 6)})`);
}

interface Choice {
  options: WhatIfOption[];
  present: number;
  at: number;
  choose: (index: number) => void;
}

function Options({ options, present, at, choose }: Choice) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('eng.what_if')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('what_if.epsilon')}</th>
            <th scope="col">{t('what_if.asks')}</th>
            <th scope="col">{t('what_if.share')}</th>
            <th scope="col">{t('what_if.wrong')}</th>
            <th scope="col">{t('what_if.cost')}</th>
            <th scope="col">{t('what_if.contexts')}</th>
          </tr>
        </thead>
        <tbody>
          {options.map((o, i) => (
            <tr key={o.epsilon} class={i === at ? 'chosen' : ''}>
              <td>
                <button type="button" aria-pressed={i === at} onClick={() => choose(i)}>
                  {percent(o.epsilon, 2)}
                </button>
                {i === present && <small>● {t('what_if.now')}</small>}
              </td>
              <td>{number(o.asks_per_shift)}</td>
              <td>{withBand(o.asked_share)}</td>
              <td>{withBand(o.wrong_alone)}</td>
              <td>{number(o.cost_per_shift)}</td>
              <td>{o.contexts}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
