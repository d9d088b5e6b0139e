/** E7: the plant's words, per language; what is missing first; edited in place. */
import { useRef, useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { unknown } from '../core/clock';
import { languages, number, t, tr } from '../core/i18n';
import type { VocabularyDoc, Word, WordRow } from '../core/schema';
import { operate, outbox } from '../operator/desk';
import { useVersion } from './version';

type Of = Word['of'];

export function Vocabulary() {
  const doc = useGet<VocabularyDoc>('/api/vocabulary', useVersion());
  const [extra, setExtra] = useState<string[]>([]);
  const [only, setOnly] = useState<string | null>(null);
  if (!doc) return null;
  const begun = languages.filter(([code]) => doc.words.some((w) => w.text[code]));
  const columns = languages.filter((l) => begun.includes(l) || extra.includes(l[0]));
  const rest = languages.filter((l) => !columns.includes(l));
  const missing = (code: string) => doc.words.filter((w) => !w.text[code]);
  const rows = only === null ? doc.words : missing(only);
  return (
    <section class="vocabulary">
      <h2>{t('words.missing')}</h2>
      <div class="filters" role="group" aria-label={t('words.missing')}>
        <button type="button" aria-pressed={only === null} onClick={() => setOnly(null)}>
          {t('eng.all')} ({number(doc.words.length, 6)})
        </button>
        {columns.map(([code, name]) => (
          <button key={code} type="button" aria-pressed={only === code} onClick={() => setOnly(code)}>
            <span>
              <bdi lang={code}>{name}</bdi>: {missing(code).length === 0 ? '✓' : `▲ ${missing(code).length}`}
            </span>
          </button>
        ))}
        {rest.length > 0 && (
          <select
            aria-label={t('words.add')}
            value=""
            onChange={(e) => setExtra([...extra, e.currentTarget.value])}
          >
            <option value="">{t('words.add')}</option>
            {rest.map(([code, name]) => (
              <option key={code} value={code}>
                {name}
              </option>
            ))}
          </select>
        )}
      </div>
      <p>{t('words.hint')}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('eng.vocabulary')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('words.word')}</th>
              {columns.map(([code, name]) => (
                <th key={code} scope="col" lang={code}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.of} ${row.name}`}>
                <th scope="row">
                  <bdi>{row.name || t('words.question')}</bdi>
                  <small>{tr('words', row.of)}</small>
                </th>
                {columns.map(([code, name]) => (
                  <td key={code}>
                    <Field row={row} code={code} language={name} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p>{t('words.none_missing')}</p>}
    </section>
  );
}

/** One text. It says what became of it: on its way, saved, or not accepted. */
function Field({ row, code, language }: { row: WordRow; code: string; language: string }) {
  const kept = row.text[code] ?? '';
  const [sent, setSent] = useState<string | null>(null);
  const underway = outbox.items.value.some(
    (c) => c.kind === 'word' && c.of === row.of && c.name === row.name && c.lang === code,
  );
  // Only what somebody typed here: somebody else may have changed the word meanwhile.
  const before = useRef(kept);
  const save = (text: string) => {
    if (text === kept || text === before.current || underway) return;
    setSent(text);
    operate({ kind: 'word', of: row.of as Of, name: row.name, lang: code, text });
  };
  const mark = sent === null ? null : underway ? 'saving' : sent === kept ? 'saved' : 'open';
  return (
    <>
      <input
        lang={code}
        dir="auto"
        class={kept ? '' : 'lacking'}
        maxLength={1000}
        disabled={unknown.value}
        placeholder={t('words.lacks')}
        aria-label={`${language}: ${row.name || t('words.question')}`}
        defaultValue={kept}
        onFocus={(e) => (before.current = e.currentTarget.value.trim())}
        onBlur={(e) => save(e.currentTarget.value.trim())}
        onKeyDown={(e) => {
          if (e.key === 'Enter') e.currentTarget.blur();
          if (e.key === 'Escape') e.currentTarget.value = kept;
        }}
      />
      <small role="status">{mark && t(`words.${mark}`)}</small>
    </>
  );
}
