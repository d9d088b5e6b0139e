/** A button for fingers in gloves: down and up on it, and not right after things moved. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { guard } from '../core/guard';

interface Props {
  onTap: () => void;
  class?: string;
  disabled?: boolean;
  label?: string;
  id?: string;
  pressed?: boolean;
  children: ComponentChildren;
}

/** Whether the pointer is still over the element (a touch keeps its first target otherwise). */
function over(element: Element, event: PointerEvent): boolean {
  const hit = document.elementFromPoint(event.clientX, event.clientY);
  return hit !== null && element.contains(hit);
}

export function TapButton({ onTap, disabled, label, id, pressed, children, ...rest }: Props) {
  const down = useRef<{ id: number; at: number } | null>(null);
  const [held, setHeld] = useState(false);
  const drop = () => {
    down.current = null;
    setHeld(false);
  };
  const up = (event: PointerEvent) => {
    const start = down.current;
    const element = event.currentTarget as Element;
    drop();
    if (start?.id === event.pointerId && over(element, event) && guard.accepts(start.at)) onTap();
  };
  return (
    <button
      type="button"
      id={id}
      class={`tap ${rest.class ?? ''} ${held ? 'held' : ''}`}
      disabled={disabled}
      aria-label={label}
      aria-pressed={pressed}
      onPointerDown={(e) => {
        if (e.button !== 0) return;
        down.current = { id: e.pointerId, at: performance.now() };
        setHeld(true);
      }}
      onPointerUp={up}
      onPointerCancel={drop}
      onPointerLeave={drop}
      onContextMenu={(e) => e.preventDefault()}
      onKeyDown={(e) => {
        if ((e.key !== 'Enter' && e.key !== ' ') || e.repeat) return;
        e.preventDefault();
        if (guard.accepts(performance.now())) onTap();
      }}
    >
      {children}
    </button>
  );
}
