/** When to fetch again. */
import { useEffect, useState } from 'preact/hooks';
import { state } from '../core/transport';

const SETTLE_MS = 400;

/** Changes a little after the ledger did, so that a burst of entries costs one fetch. */
export function useVersion(): number {
  const seq = state.value.seq;
  const [version, setVersion] = useState(seq);
  useEffect(() => {
    const timer = setTimeout(() => setVersion(seq), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [seq]);
  return version;
}
