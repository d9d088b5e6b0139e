/** A change an admin asks for: said when it is refused, and the list is fetched again. */
import { useEffect, useState } from 'preact/hooks';
import { post, type Outcome } from '../core/api';
import { t } from '../core/i18n';
import { notify } from '../core/notices';
import { refusalText } from '../operator/desk';

export async function change<T extends Outcome>(path: string, body: unknown): Promise<T | null> {
  const reply = await post<T>(`/api/admin/${path}`, body);
  if (reply.ok) return reply as T;
  const why = () => (reply.reason ? refusalText(reply) : t('link.offline'));
  notify('notice.refused', () => ({ reason: why() }), true);
  return null;
}

const REFRESH_MS = 2000;

/** A number that goes up now and then, and when told: lists of other people's doings go stale. */
export function useRefresh(): [number, () => void] {
  const [turn, setTurn] = useState(0);
  const next = () => setTurn((n) => n + 1);
  useEffect(() => {
    const timer = setInterval(next, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return [turn, next];
}
