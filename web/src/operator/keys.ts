/** Answering without touching: digits of a keyboard, a numpad or a foot pedal. */
import { useEffect } from 'preact/hooks';
import { guard } from '../core/guard';
import type { Ask } from '../core/state';
import { mayAnswer, NOT_SURE, pendingAnswer, undo } from './desk';

/** 1 to 4 are the answers in their order, 0 is "not sure", Backspace or minus takes back. */
export function useAnswerKeys(ask: Ask, tap: (label: string) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.target instanceof HTMLInputElement || !guard.accepts(performance.now())) return;
      const over = ask.given !== null || pendingAnswer(ask.case) !== null;
      if (['Backspace', '-'].includes(event.key) && ask.given && !ask.resolution) undo(ask);
      const label = labelOf(ask, event.key);
      const closed = ask.resolution !== null && ask.resolution.outcome !== 'expired';
      if (label !== undefined && !over && !closed && mayAnswer.value) tap(label);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
}

function labelOf(ask: Ask, key: string): string | undefined {
  if (key === '0') return NOT_SURE;
  return /^[1-4]$/.test(key) ? ask.body.classes[Number(key) - 1]?.name : undefined;
}
