/** HTTP for everything that is not live. */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

/** The server refused this page something because of the role. */
export const refused = signal(false);

const NOTHING: ReadonlySet<number> = new Set([204, 401, 403, 404]);

/**
 * Fetch JSON; null when the server does not have it or does not give it. Goes to the login page
 * when it must. Throws when the server cannot tell now: whoever asked should ask again.
 */
export async function get<T>(path: string): Promise<T | null> {
  const response = await fetch(path, { headers: { Accept: 'application/json' } });
  if (response.status === 401) location.assign('/login');
  if (response.status === 403) refused.value = true;
  if (NOTHING.has(response.status)) return null;
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

export interface Outcome {
  ok: boolean;
  reason?: string;
  params?: Record<string, unknown> | undefined;
}

/** Send JSON; a refusal comes back as an outcome with its reason, never as an exception. */
export async function post<T extends Outcome>(path: string, body: unknown): Promise<T | Outcome> {
  try {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (response.status === 401) location.assign('/login');
    return (await response.json()) as T;
  } catch {
    return { ok: false };
  }
}

const RETRY_MS = 2000;

/** How much that is shown right now could not be fetched; it is tried again. */
export const failing = signal(0);

/** Fetch while a component is shown; again when `version` changes, and after a failure. */
export function useGet<T>(path: string | null, version: unknown = 0): T | null | undefined {
  const [result, setResult] = useState<{ path: string | null; data: T | null } | undefined>();
  useEffect(() => {
    if (path === null) return undefined;
    let timer = 0;
    let gone = false;
    let failed = 0;
    const note = (now: 0 | 1) => {
      failing.value += now - failed;
      failed = now;
    };
    const take = (data: T | null) => {
      if (gone) return;
      note(0);
      setResult({ path, data });
    };
    const retry = () => {
      if (gone) return;
      note(1);
      timer = window.setTimeout(load, RETRY_MS);
    };
    const load = () => void get<T>(path).then(take, retry);
    load();
    return () => {
      gone = true;
      note(0);
      clearTimeout(timer);
    };
  }, [path, version]);
  return result?.path === path ? result.data : undefined;
}
