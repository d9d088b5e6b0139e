/** Screens by hash: `#/`, `#/engineer`, `#/engineer/models`, `#/engineer/case/12`. */
import { computed, signal } from '@preact/signals';

const parse = () => location.hash.replace(/^#\/?/, '').split('/').filter(Boolean);
export const route = signal<string[]>(parse());
window.addEventListener('hashchange', () => (route.value = parse()));

/** The engineer's screens are open: this page answers nothing. */
export const atEngineer = computed(() => route.value[0] === 'engineer');

export function go(...parts: string[]): void {
  location.hash = `#/${parts.join('/')}`;
}
