/** What is wrong with a catalogue, compared with the English one. */
export type Messages = Record<string, string>;

export const PLURAL = /\{(\w+), plural,((?: \w+ \{(?:[^{}]|\{\w+\})*\})+)\}/g;
const FORM = /(\w+) \{(?:[^{}]|\{\w+\})*\}/g;

export function differences(en: Messages, other: Messages, lang: string): string[] {
  const missing = Object.keys(en).filter((key) => !other[key]?.trim());
  const extra = Object.keys(other).filter((key) => !(key in en));
  const present = Object.keys(en).filter((key) => other[key]?.trim());
  return [
    ...missing.map((key) => `"${key}" is missing`),
    ...extra.map((key) => `"${key}" is not in en.json`),
    ...present.flatMap((key) => faults(key, en[key] ?? '', other[key] ?? '', lang)),
  ];
}

function faults(key: string, en: string, text: string, lang: string): string[] {
  const found = names(text) === names(en) ? [] : [`"${key}" has other placeholders than in en.json`];
  if (/[{}]/.test(plain(text).replace(/\{\w+\}/g, ''))) found.push(`"${key}" has a stray brace`);
  if (/<[a-z/]/i.test(text)) found.push(`"${key}" must not hold markup`);
  for (const [, , forms = ''] of text.matchAll(PLURAL)) {
    const given = new Set([...forms.matchAll(FORM)].map((m) => m[1]));
    const wanted = categories(lang).filter((form) => !given.has(form));
    if (wanted.length) found.push(`"${key}" lacks the plural form ${wanted.join(', ')}`);
  }
  return found;
}

/** Plural forms that whole numbers people meet really take in a language. */
export function categories(lang: string): string[] {
  const rules = new Intl.PluralRules(lang);
  return [...new Set(['other', ...Array.from({ length: 201 }, (_, n) => rules.select(n))])];
}

/** A message with each plural replaced by its number's name and the names used inside of it. */
const plain = (message: string): string =>
  message.replace(PLURAL, (_, name: string, forms: string) =>
    [`{${name}}`, ...(forms.match(/\{\w+\}/g) ?? [])].join(''),
  );

/** Names used by a message, each once. */
function names(message: string): string {
  const found = [...plain(message).matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
  return [...new Set(found)].sort().join();
}
