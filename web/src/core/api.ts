/** HTTP for everything that is not live. */
import { useEffect, useState } from 'preact/hooks';

/** Fetch JSON; null when the server does not have it. Goes to the login page when it must. */
export async function get<T>(path: string): Promise<T | null> {
  const response = await fetch(path, { headers: { Accept: 'application/json' } });
  if (response.status === 401) location.assign('/login');
  return response.ok ? ((await response.json()) as T) : null;
}

const RETRY_MS = 2000;

/** Fetch while a component is shown; again when `version` changes, and after a failure. */
export function useGet<T>(path: string | null, version: unknown = 0): T | null | undefined {
  const [result, setResult] = useState<{ path: string | null; data: T | null } | undefined>();
  useEffect(() => {
    if (path === null) return undefined;
    let timer = 0;
    let gone = false;
    const load = () =>
      get<T>(path).then(
        (data) => gone || setResult({ path, data }),
        () => gone || (timer = window.setTimeout(load, RETRY_MS)),
      );
    void load();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [path, version]);
  return result?.path === path ? result.data : undefined;
}
