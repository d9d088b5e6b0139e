/** Messages per language: an ICU subset (`{name}` and `{n, plural, one {..} other {..}}`). */
import { computed, signal } from '@preact/signals';
import en from '../../locales/en.json';
import { prefs, setPrefs } from './prefs';

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Params = Record<string, string | number>;

const OTHERS = import.meta.glob<{ default: Catalogue }>([
  '../../locales/*.json',
  '!../../locales/en.json',
]);
const NAMES: Record<string, string> = { en: 'English', de: 'Deutsch', es: 'Español', fr: 'Français' };

const loaded = signal<{ lang: string; messages: Catalogue }>({ lang: 'en', messages: en });
export const lang = computed(() => loaded.value.lang);
export const languages = Object.entries(NAMES);

/** Switch this tablet's language, without a reload. */
export async function setLanguage(code: string): Promise<void> {
  const known = code in NAMES ? code : 'en';
  const load = OTHERS[`../../locales/${known}.json`];
  const messages = known === 'en' || !load ? en : (await load()).default;
  loaded.value = { lang: known, messages };
  document.documentElement.lang = known;
  document.documentElement.dir = 'ltr';
  if (prefs.value.lang !== known) setPrefs({ lang: known });
}

/** Fill a message; pure. */
export function format(message: string, params: Params, code: string): string {
  const plural = /\{(\w+), plural, one \{([^{}]*)\} other \{([^{}]*)\}\}/g;
  return message
    .replace(plural, (_, name: string, one: string, other: string) => {
      const n = Number(params[name]);
      const form = new Intl.PluralRules(code).select(n) === 'one' ? one : other;
      return form.replace('#', new Intl.NumberFormat(code).format(n));
    })
    .replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = params[name];
      return typeof value === 'number' ? new Intl.NumberFormat(code).format(value) : (value ?? '');
    });
}

export function t(key: Key, params: Params = {}): string {
  return format(loaded.value.messages[key], params, loaded.value.lang);
}

/** A message whose key comes from the server; unknown keys show the fallback. */
export function tr(prefix: string, name: string, fallback = name): string {
  const key = `${prefix}.${name}`;
  return key in en ? t(key as Key) : fallback;
}

/** A plant's own text in this language, else English, else any, else the plain name. */
export function plant(text: Record<string, string> | undefined, fallback: string): string {
  if (!text) return fallback;
  return text[lang.value] ?? text['en'] ?? Object.values(text)[0] ?? fallback;
}

export function number(value: number, digits = 3): string {
  return new Intl.NumberFormat(lang.value, { maximumSignificantDigits: digits }).format(value);
}

export function percent(share: number, digits = 1): string {
  return new Intl.NumberFormat(lang.value, {
    style: 'percent',
    maximumFractionDigits: digits,
  }).format(share);
}

export function clockTime(wallMs: number): string {
  return new Intl.DateTimeFormat(lang.value, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(wallMs);
}

export function dateTime(wallMs: number): string {
  return new Intl.DateTimeFormat(lang.value, {
    dateStyle: 'short',
    timeStyle: 'medium',
    hourCycle: 'h23',
  }).format(wallMs);
}
