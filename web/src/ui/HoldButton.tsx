/** For what cannot be taken back: hold it 1.5 s, a ring shows how far. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { guard } from '../core/guard';
import { notify } from '../core/notices';
import { prefs } from '../core/prefs';

export const HOLD_MS = 1500;
/** A finger may slip this far while it holds, millimetres. */
const SLIP_MM = 12;

interface Props {
  onDone: () => void;
  disabled?: boolean;
  class?: string;
  children: ComponentChildren;
}

export function HoldButton({ onDone, disabled, children, ...rest }: Props) {
  const timer = useRef(0);
  const from = useRef({ x: 0, y: 0 });
  const [holding, setHolding] = useState(false);
  /** Let go too early: said, so that nobody believes it was done. */
  const abandon = () => {
    if (timer.current) notify('notice.hold_short');
    stop();
  };
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
  /**
   * The finger stays with this button even when the list moves under it (a new version came in):
   * what was pressed is what is done, or nothing.
   */
  const press = (event: PointerEvent) => {
    if (event.button !== 0) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, y: event.clientY };
    begin();
  };
  const moved = (event: PointerEvent) => {
    const { x, y } = from.current;
    const slipped = Math.hypot(event.clientX - x, event.clientY - y) > SLIP_MM * prefs.value.pxPerMm;
    if (timer.current && slipped) abandon();
  };
  useEffect(() => stop, []);
  const isKey = (e: KeyboardEvent) => e.key === 'Enter' || e.key === ' ';
  return (
    <button
      type="button"
      class={`tap hold ${rest.class ?? ''} ${holding ? 'holding' : ''}`}
      disabled={disabled}
      onPointerDown={press}
      onPointerMove={moved}
      onPointerUp={abandon}
      onPointerCancel={abandon}
      onContextMenu={(e) => e.preventDefault()}
      onKeyDown={(e) => {
        if (!isKey(e)) return;
        e.preventDefault();
        if (!e.repeat) begin();
      }}
      onKeyUp={(e) => isKey(e) && abandon()}
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
