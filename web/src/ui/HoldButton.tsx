/** For what cannot be taken back: hold it 1.5 s, a ring shows how far. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { guard } from '../core/guard';

export const HOLD_MS = 1500;

interface Props {
  onDone: () => void;
  disabled?: boolean;
  class?: string;
  children: ComponentChildren;
}

export function HoldButton({ onDone, disabled, children, ...rest }: Props) {
  const timer = useRef(0);
  const [holding, setHolding] = useState(false);
  const stop = () => {
    clearTimeout(timer.current);
    timer.current = 0;
    setHolding(false);
  };
  const begin = () => {
    if (timer.current || disabled || !guard.accepts(performance.now())) return;
    setHolding(true);
    timer.current = window.setTimeout(() => {
      stop();
      onDone();
    }, HOLD_MS);
  };
  useEffect(() => stop, []);
  const isKey = (e: KeyboardEvent) => e.key === 'Enter' || e.key === ' ';
  return (
    <button
      type="button"
      class={`tap hold ${rest.class ?? ''} ${holding ? 'holding' : ''}`}
      disabled={disabled}
      onPointerDown={begin}
      onPointerUp={stop}
      onPointerLeave={stop}
      onPointerCancel={stop}
      onContextMenu={(e) => e.preventDefault()}
      onKeyDown={(e) => {
        if (!isKey(e)) return;
        e.preventDefault();
        if (!e.repeat) begin();
      }}
      onKeyUp={(e) => isKey(e) && stop()}
      onBlur={stop}
    >
      <svg class="hold-ring" viewBox="0 0 36 36" aria-hidden="true">
        <circle class="ring-ground" cx="18" cy="18" r="15" />
        <circle class="ring-front" cx="18" cy="18" r="15" pathLength="100" />
      </svg>
      <span>{children}</span>
    </button>
  );
}
