/** Who the page is for, as the server says; it decides, the page only does not offer the rest. */
import { computed, effect, signal } from '@preact/signals';
import { get } from './api';
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
    (doc) => (me.value = doc ?? me.value),
    () => undefined,
  );
}
