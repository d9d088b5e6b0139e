/** Screens by hash: `#/`, `#/engineer`, `#/engineer/models`, `#/engineer/case/12`. */
import { signal } from '@preact/signals';

const parse = () => location.hash.replace(/^#\/?/, '').split('/').filter(Boolean);
export const route = signal<string[]>(parse());
window.addEventListener('hashchange', () => (route.value = parse()));

export function go(...parts: string[]): void {
  location.hash = `#/${parts.join('/')}`;
}
