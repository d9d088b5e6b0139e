/** One key per decision: 1 to 9 and 0, Space and the arrows for the trace, L for later, Z takes back. */
import { useEffect } from 'preact/hooks';
import { guard } from '../core/guard';
import { NOT_SURE } from '../operator/desk';

const SMALL = 0.02;

export interface ReviewKeys {
  labels: string[];
  decide: (label: string) => void;
  undo: () => void;
  postpone: () => void;
  play: () => void;
  stepBy: (share: number) => void;
}

/** The letter of a key; where the keyboard writes another script, the one at its place. */
function letter({ key, code }: KeyboardEvent): string {
  return /^[a-z]$/i.test(key) ? key.toLowerCase() : /^Key[A-Z]$/.test(code) ? code.slice(3).toLowerCase() : key;
}

export function useReviewKeys(keys: ReviewKeys): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, key } = event;
      if (event.repeat && !key.startsWith('Arrow')) return;
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
      if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
      if (acts(keys, event)) event.preventDefault();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
}

function acts(keys: ReviewKeys, event: KeyboardEvent): boolean {
  const { key, target } = event;
  if (key === 'ArrowRight' || key === 'ArrowLeft') {
    keys.stepBy(key === 'ArrowRight' ? SMALL : -SMALL);
    return true;
  }
  if (key === ' ') {
    // A button that has the focus is pressed by it, as everywhere.
    if (target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement) return false;
    keys.play();
    return true;
  }
  const label = key === '0' ? NOT_SURE : /^[1-9]$/.test(key) ? keys.labels[Number(key) - 1] : undefined;
  const call =
    label !== undefined
      ? () => keys.decide(label)
      : { z: keys.undo, l: keys.postpone }[letter(event)];
  if (!call || !guard.accepts(performance.now())) return false;
  call();
  return true;
}
