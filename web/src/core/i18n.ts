/** Messages per language: an ICU subset (`{name}` and `{n, plural, one {..} other {..}}`). */
import { computed, effect, signal } from '@preact/signals';
import en from '../../locales/en.json';
import { prefs, setPrefs } from './prefs';
import { pseudo } from './pseudo';

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Params = Record<string, string | number>;

const OTHERS = import.meta.glob<{ default: Catalogue }>([
  '../../locales/*.json',
  '!../../locales/en.json',
]);
const NAMES: Record<string, string> = {
  en: 'English',
  de: 'Deutsch',
  es: 'Español',
  fr: 'Français',
  pl: 'Polski',
  tr: 'Türkçe',
  ar: 'العربية',
  hi: 'हिन्दी',
  ja: '日本語',
  'zh-Hans': '简体中文',
};
const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['ar']);
/** Longer texts with accents, to see what breaks; opened with `?lang=pseudo`, not in the menu. */
export const PSEUDO = 'pseudo';

const loaded = signal<{ lang: string; messages: Catalogue }>({ lang: 'en', messages: en });
export const lang = computed(() => loaded.value.lang);
/** The first language was chosen; from then on the tablet's setting decides. */
const begun = signal(false);
export const languages = Object.entries(NAMES);
/** For `Intl`: digits stay 0 to 9 everywhere, as on part labels and in the plots. */
const formats = computed(() => `${lang.value === PSEUDO ? 'en' : lang.value}-u-nu-latn`);

/** The catalogue that serves a wanted language best; English otherwise. */
export function nearest(wanted: string): string {
  if (wanted === PSEUDO || wanted in NAMES) return wanted;
  const base = wanted.split('-')[0] ?? '';
  return Object.keys(NAMES).find((code) => code.split('-')[0] === base) ?? 'en';
}

async function catalogue(code: string): Promise<Catalogue> {
  if (code === PSEUDO) return pseudo(en);
  const load = OTHERS[`../../locales/${code}.json`];
  return code === 'en' || !load ? en : (await load()).default;
}

/** Switch this tablet's language, without a reload. Without its file the present one stays. */
export async function setLanguage(wanted: string): Promise<void> {
  const code = nearest(wanted);
  try {
    loaded.value = { lang: code, messages: await catalogue(code) };
  } catch {
    return; // not reachable now, e.g. offline before it was ever used
  }
  const root = document.documentElement;
  root.lang = code === PSEUDO ? 'en' : code;
  root.dir = RIGHT_TO_LEFT.has(code) ? 'rtl' : 'ltr';
  if (prefs.value.lang !== code) setPrefs({ lang: code });
  begun.value = true;
}

/** Wherever the language was changed, also in another window of this tablet. */
effect(() => {
  const wanted = prefs.value.lang;
  if (begun.value && wanted !== loaded.peek().lang) void setLanguage(wanted);
});

const PLURAL = /\{(\w+), plural,((?: \w+ \{(?:[^{}]|\{\w+\})*\})+)\}/g;

/** Fill a message; pure. `code` is a language for `Intl`. */
export function format(message: string, params: Params, code: string): string {
  const numbers = new Intl.NumberFormat(code);
  return message
    .replace(PLURAL, (_, name: string, forms: string) => {
      const n = Number(params[name]);
      const text = (form: string) => new RegExp(` ${form} \\{((?:[^{}]|\\{\\w+\\})*)\\}`).exec(forms)?.[1];
      const chosen = text(new Intl.PluralRules(code).select(n)) ?? text('other') ?? '';
      return chosen.replace('#', numbers.format(n));
    })
    .replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = params[name];
      return typeof value === 'number' ? numbers.format(value) : isolated(value ?? '');
    });
}

/** Names of people and parts keep their own direction inside a sentence of another one. */
export function isolated(text: string): string {
  return loaded.value.lang === 'ar' || /[\u0590-\u08ff]/.test(text) ? `\u2068${text}\u2069` : text;
}

export function t(key: Key, params: Params = {}): string {
  return format(loaded.value.messages[key], params, formats.value);
}

/** A message whose key comes from the server; unknown keys show the fallback. */
export function tr(prefix: string, name: string, fallback = name, params: Params = {}): string {
  const key = `${prefix}.${name}`;
  return key in en ? t(key as Key, params) : fallback;
}

/** A plant's own text in this language, else English, else any, else the plain name. */
export function plant(text: Record<string, string> | undefined, fallback: string): string {
  if (!text) return fallback;
  const base = lang.value.split('-')[0] ?? '';
  const near = Object.keys(text).find((code) => code.split('-')[0] === base);
  const any = Object.values(text)[0];
  return text[lang.value] ?? (near && text[near]) ?? text['en'] ?? any ?? fallback;
}

/** Pieces of a text between which a line may break, where words have no blanks between them. */
export function pieces(text: string): string[] {
  const code = lang.value;
  if (!['ja', 'zh-Hans'].includes(code) || !('Segmenter' in Intl)) return [text];
  const segmenter = new Intl.Segmenter(code, { granularity: 'word' });
  return [...segmenter.segment(text)].reduce<string[]>((found, { segment, isWordLike }) => {
    // Punctuation and short endings stay with the word before them.
    const joins = found.length > 0 && (!isWordLike || /^[\u3040-\u309f]{1,2}$/.test(segment));
    return joins ? [...found.slice(0, -1), found[found.length - 1] + segment] : [...found, segment];
  }, []);
}

export function number(value: number, digits = 3): string {
  return new Intl.NumberFormat(formats.value, { maximumSignificantDigits: digits }).format(value);
}

export function percent(share: number, digits = 1): string {
  return new Intl.NumberFormat(formats.value, {
    style: 'percent',
    maximumFractionDigits: digits,
  }).format(share);
}

/** How long ago something was, in the unit a person would use. */
export function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return t('age.s', { n: s });
  if (s < 5400) return t('age.min', { n: Math.round(s / 60) });
  return t('age.h', { n: Math.round(s / 3600) });
}

/** Numbers and what stands between them read left to right in every language. */
export function ltr(text: string): string {
  return `\u2066${text}\u2069`;
}

/** From one value to another: as numbers run, but words of a right-to-left language as those run. */
export function range(low: string, high: string): string {
  const own = (text: string) => `\u2068${text}\u2069`;
  return /[\u0590-\u08ff]/.test(low + high) ? `${own(low)} – ${own(high)}` : ltr(`${low} – ${high}`);
}

/** A length of time, in the unit a person would use. */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 10) return t('time.s', { n: Math.round(s * 10) / 10 });
  if (s < 90) return t('time.s', { n: Math.round(s) });
  if (s < 5400) return t('time.min', { n: Math.round(s / 60) });
  return t('time.h', { n: Math.round(s / 360) / 10 });
}

export function clockTime(wallMs: number, seconds = true): string {
  return new Intl.DateTimeFormat(formats.value, {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
  }).format(wallMs);
}

/** Date and time run left to right also between words of a right-to-left language. */
export function dateTime(wallMs: number): string {
  const plainText = new Intl.DateTimeFormat(formats.value, {
    dateStyle: 'short',
    timeStyle: 'medium',
    hourCycle: 'h23',
  }).format(wallMs);
  // Marks that turn its numbers around come with some languages.
  const text = plainText.replace(/[\u200e\u200f]/g, '');
  return RIGHT_TO_LEFT.has(lang.value) ? ltr(text) : text;
}
