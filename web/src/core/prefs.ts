/** What this tablet remembers. Nothing here is needed to work; a full or missing storage is fine. */
import { signal } from '@preact/signals';

export interface Prefs {
  tablet: string;
  name: string;
  lang: string;
  pxPerMm: number;
  mirror: boolean;
  theme: Theme;
  /** Wall time until which sounds are off, milliseconds. */
  mutedUntil: number;
}

export const THEMES = ['bright', 'dark', 'contrast'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'cobot_ai.prefs';
/** A 10.1" tablet with 1280 x 800 CSS pixels: 20 mm are 118 pixels. */
export const DEFAULT_PX_PER_MM = 5.9;

export function read<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the page works on, it only forgets at a reload.
  }
}

/** What this window remembers over a reload. */
export function remembered(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // As above.
  }
}

/** Random name; `crypto.randomUUID` is missing on plain HTTP, `getRandomValues` is not. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

function initial(): Prefs {
  const stored = read<Partial<Prefs>>(KEY, {});
  return {
    tablet: stored.tablet || `tablet-${randomKey().slice(0, 6)}`,
    name: stored.name || '',
    lang: stored.lang || navigator.language || 'en',
    pxPerMm: stored.pxPerMm || DEFAULT_PX_PER_MM,
    mirror: stored.mirror || false,
    theme: stored.theme || 'bright',
    mutedUntil: stored.mutedUntil || 0,
  };
}

export const prefs = signal<Prefs>(initial());
write(KEY, prefs.value);

export function setPrefs(change: Partial<Prefs>): void {
  prefs.value = { ...prefs.value, ...change };
  write(KEY, prefs.value);
}

/** Another window of this tablet changed something: this one follows. */
export function followOtherWindows(): void {
  window.addEventListener('storage', (event) => {
    if (event.key === KEY) prefs.value = { ...prefs.value, ...read<Partial<Prefs>>(KEY, {}) };
  });
}
