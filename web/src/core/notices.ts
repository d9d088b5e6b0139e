/** Short sentences about what just happened; they never hold a control. */
import { signal } from '@preact/signals';
import type { Key, Params } from './i18n';

export interface Notice {
  id: number;
  key: Key;
  params: () => Params;
  grave: boolean;
}

const SHOWN_MS = 9000;
let count = 0;
export const notices = signal<Notice[]>([]);

/** `params` is a function, so that a notice follows a change of language. */
export function notify(key: Key, params: () => Params = () => ({}), grave = false): void {
  const notice = { id: ++count, key, params, grave };
  notices.value = [...notices.value, notice].slice(-3);
  setTimeout(() => {
    notices.value = notices.value.filter((n) => n.id !== notice.id);
  }, SHOWN_MS);
}
