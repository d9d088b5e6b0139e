/** Who the page is for, as the server says; it decides, the page only does not offer the rest. */
import { computed, effect, signal } from '@preact/signals';
import { get } from './api';
import { prefs, read, write } from './prefs';
import { area, go, type Area } from './route';
import type { MeDoc } from './schema';

/** Of people. */
export const ROLES = ['operator', 'ambassador', 'engineer', 'admin'] as const;
/** And of a screen that is only looked at. */
const ALL = ['wall', ...ROLES] as const;
const LEAST: Record<Area, (typeof ALL)[number]> = {
  operator: 'operator',
  wall: 'wall',
  engineer: 'engineer',
  admin: 'admin',
};

export const me = signal<MeDoc | null>(null);

const KEY = 'cobot_ai.login';
/** Name and station of the last login known here; a page that starts without the network has no other. */
const login = signal(read<{ name: string; station: string } | null>(KEY, null));

/** Who tapped. The server refuses a tap that was kept while somebody else logged in. */
export function person(): string {
  return login.value?.name || prefs.value.name || prefs.value.tablet;
}

/** A name without regard to case and blanks, as the server compares them. */
export function plain(name: string): string {
  return name.trim().replace(/\s+/g, ' ').toLowerCase();
}

/** Where it was: the server's name of the enrolled tablet, else this tablet's own. */
export function station(): string {
  return login.value?.station || prefs.value.tablet;
}

export function mayOpen(area: Area): boolean {
  const role = ALL.findIndex((r) => r === me.value?.role);
  return me.value === null || role >= ALL.indexOf(LEAST[area]);
}

/** A screen on the wall has nothing to do at the operator's. */
effect(() => {
  if (me.value?.role === 'wall' && area.value === 'operator') go('wall');
});

/** Served to the network without TLS: the browser then withholds what the page needs. */
export const plainHttp = computed(() => me.value?.login === true && !me.value.tls);

/** Ask again at every connection: a login may have ended or changed its role. */
export function learnMe(): void {
  void get<MeDoc>('/api/me').then(
    (doc) => doc && learnt(doc),
    () => undefined,
  );
}

function learnt(doc: MeDoc): void {
  me.value = doc;
  login.value = doc.login ? { name: doc.name, station: doc.station } : null;
  write(KEY, login.value);
}
