/** Screens by hash: `#/`, `#/wall`, `#/wall/kpi`, `#/engineer/models`, `#/engineer/case/12`, `#/admin`. */
import { computed, signal } from '@preact/signals';

const parse = () => location.hash.replace(/^#\/?/, '').split('/').filter(Boolean);
export const route = signal<string[]>(parse());
window.addEventListener('hashchange', () => (route.value = parse()));

export const AREAS = ['operator', 'wall', 'engineer', 'admin'] as const;
export type Area = (typeof AREAS)[number];

/** For whom the open screen is. */
export const area = computed<Area>(() => AREAS.find((a) => a === route.value[0]) ?? 'operator');
/** Only the operator's screen answers and claims; all others just look on. */
export const atOperator = computed(() => area.value === 'operator');

export function go(...parts: string[]): void {
  location.hash = `#/${parts.join('/')}`;
}
