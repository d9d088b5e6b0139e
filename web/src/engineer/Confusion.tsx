/** E3: what people said against what the model took it for; a cell opens its cases. */
import { useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { number, t } from '../core/i18n';
import type { ConfusionCell, ConfusionDoc } from '../core/schema';
import { state } from '../core/transport';
import { labelText } from '../operator/desk';
import { useVersion } from './version';

export function Confusion() {
  const doc = useGet<ConfusionDoc>('/api/confusion', useVersion());
  const [open, setOpen] = useState<[string, string] | null>(null);
  if (!doc) return null;
  if (doc.cells.length === 0) return <p>{t('confusion.none')}</p>;
  const name = (label: string) => labelText(state.value.question, label);
  const find = (label: string, guess: string) =>
    doc.cells.find((c) => c.label === label && c.guess === guess);
  const chosen = open && find(...open);
  return (
    <section class="confusion">
      <p>{t('confusion.what')}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('eng.confusion')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('confusion.people')}</th>
              {doc.classes.map((guess) => (
                <th key={guess} scope="col">
                  <small>{t('confusion.model')}</small>
                  <bdi>{name(guess)}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {doc.classes.map((label) => (
              <tr key={label}>
                <th scope="row">
                  <bdi>{name(label)}</bdi>
                </th>
                {doc.classes.map((guess) => {
                  const cell = find(label, guess);
                  return (
                    <td key={guess} class={label === guess ? 'right' : cell ? 'wrong' : ''}>
                      <Count
                        of={cell}
                        chosen={chosen}
                        mark={label === guess ? '✓' : '✕'}
                        title={(n) => t('confusion.cell', { n, label: name(label), guess: name(guess) })}
                        open={() => setOpen([label, guess])}
                      />
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {chosen && (
        <Cases
          of={chosen}
          title={t('confusion.cell', { n: chosen.n, label: name(chosen.label), guess: name(chosen.guess) })}
        />
      )}
    </section>
  );
}

type Counted = Pick<ConfusionCell, 'n' | 'cases'>;

interface CountProps {
  of: Counted | undefined;
  chosen: Counted | null | undefined;
  mark?: string;
  title: (n: number) => string;
  open: () => void;
}

/** How many cases there are, on a button that opens them; a dash for none. */
export function Count({ of, chosen, mark, title, open }: CountProps) {
  if (!of) return <>–</>;
  return (
    <button type="button" aria-pressed={chosen === of} aria-label={title(of.n)} onClick={open}>
      {mark && `${mark} `}
      {number(of.n, 6)}
    </button>
  );
}

/** The cases behind a figure, the newest first. */
export function Cases({ of, title }: { of: Counted; title: string }) {
  return (
    <div class="chosen" role="status">
      <h2>{title}</h2>
      {of.cases.length < of.n && <p>{t('confusion.newest', { n: of.cases.length })}</p>}
      <p class="cases">
        {[...of.cases].reverse().map((n) => (
          <a key={n} href={`#/engineer/case/${n}`}>
            {n}
          </a>
        ))}
      </p>
    </div>
  );
}
