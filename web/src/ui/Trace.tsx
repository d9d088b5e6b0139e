/** A measured signal over the band of past good cases. Always left to right, like time. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { lang, number } from '../core/i18n';
import { prefs } from '../core/prefs';
import { colour } from '../core/theme';
import { bounds, labels, longest, outside, runs, type Curve, type Range } from './trace-math';

/** How much of every signal is drawn, 0 to 1: less than all while somebody plays it. */
export const played = signal(1);

interface Props {
  curve: Curve;
  name: string;
  /** Values drawn from bottom to top; by default those of the curve. */
  range?: Range | null;
  /** Without axis labels, for the small ones beside it. */
  small?: boolean;
}

interface Pad {
  left: number;
  right: number;
  top: number;
  bottom: number;
}
const PAD: Pad = { left: 68, right: 12, top: 8, bottom: 26 };
/** More marks than these say nothing about where to look. */
const MARKS = 4;
/** Lower plots have no room for two labels. */
const LABELS_PX = 36;
const SMALL: Pad = { left: 4, right: 4, top: 8, bottom: 26 };

export function Trace({ curve, name, range, small = false }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const share = played.value;
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const redraw = () => draw(element, curve, range ?? bounds(curve), small, share);
    redraw();
    const observer = new ResizeObserver(redraw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [curve, range?.low, range?.high, small, share, lang.value, prefs.value.theme]);
  const look = small ? 'trace small' : 'trace';
  return <canvas ref={canvas} class={look} dir="ltr" role="img" aria-label={name} />;
}

type Scale = (v: number) => number;
interface Frame {
  c: CanvasRenderingContext2D;
  w: number;
  h: number;
  pad: Pad;
  ink: (name: string) => string;
}

function draw(element: HTMLCanvasElement, curve: Curve, range: Range | null, small: boolean, share: number): void {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: w, clientHeight: h } = element;
  const pad = small ? SMALL : PAD;
  element.width = w * ratio;
  element.height = h * ratio;
  const c = element.getContext('2d');
  if (!c || !range || w < pad.left + pad.right || h < pad.top + pad.bottom) return;
  c.scale(ratio, ratio);
  c.direction = 'ltr';
  const frame: Frame = { c, w, h, pad, ink: (name) => colour(element, name) };
  const first = curve.t[0] ?? 0;
  const span = (curve.t[curve.t.length - 1] ?? 1) - first || 1;
  const x = (t: number) => pad.left + ((t - first) / span) * (w - pad.left - pad.right);
  const y = (v: number) =>
    h - pad.bottom - ((v - range.low) / (range.high - range.low)) * (h - pad.top - pad.bottom);
  axes(frame, range, curve, small);
  band(frame, curve, x, y);
  if (share < 1) playhead(frame, share);
  line(frame, curve, x, y);
}

/** Nothing right of it is drawn yet. */
function playhead({ c, w, h, pad, ink }: Frame, share: number): void {
  const at = pad.left + share * (w - pad.left - pad.right);
  c.fillStyle = ink('--ink');
  c.fillRect(at, pad.top, 2, h - pad.top - pad.bottom);
  c.beginPath();
  c.rect(0, 0, at, h);
  c.clip();
}

function axes({ c, w, h, pad, ink }: Frame, range: Range, curve: Curve, small: boolean): void {
  c.strokeStyle = ink('--line');
  c.lineWidth = 1;
  c.strokeRect(pad.left, pad.top, w - pad.left - pad.right, h - pad.top - pad.bottom);
  if (small || h - pad.top - pad.bottom < LABELS_PX) return;
  const [low, high] = labels(range.low, range.high, number);
  const [begin, end] = [curve.t[0] ?? 0, curve.t[curve.t.length - 1] ?? 0];
  // The first value stands for the first fraction of the step: it began at 0.
  const [from, to] = labels(Math.abs(begin) < 0.02 * end ? 0 : begin, end, number);
  c.fillStyle = ink('--ink');
  c.font = '16px system-ui, sans-serif';
  c.textAlign = 'right';
  c.textBaseline = 'top';
  c.fillText(high, pad.left - 6, pad.top);
  c.textBaseline = 'bottom';
  c.fillText(low, pad.left - 6, h - pad.bottom);
  c.textBaseline = 'top';
  c.textAlign = 'left';
  c.fillText(`${from} s`, pad.left, h - pad.bottom + 6);
  c.textAlign = 'right';
  if (to) c.fillText(`${to} s`, w - pad.right, h - pad.bottom + 6);
}

function band({ c, ink }: Frame, { low, high, t }: Curve, x: Scale, y: Scale): void {
  if (!low || !high) return;
  c.fillStyle = ink('--band');
  for (const [begin, end] of runs(t.length, (i) => low[i] != null && high[i] != null)) {
    c.beginPath();
    for (let i = begin; i <= end; i++) c.lineTo(x(t[i]!), y(high[i]!));
    for (let i = end; i >= begin; i--) c.lineTo(x(t[i]!), y(low[i]!));
    c.fill();
  }
}

function line({ c, pad, ink }: Frame, curve: Curve, x: Scale, y: Scale): void {
  const { value, t } = curve;
  c.lineJoin = 'round';
  const stroke = (begin: number, end: number) => {
    c.beginPath();
    for (let i = begin; i <= end; i++) c.lineTo(x(t[i]!), y(value[i]!));
    c.stroke();
  };
  c.strokeStyle = ink('--ink');
  c.lineWidth = 2;
  for (const [begin, end] of runs(t.length, (i) => value[i] != null)) stroke(begin, end);
  // What lies outside the band is thick and carries marks: not by colour alone.
  c.strokeStyle = c.fillStyle = ink('--odd');
  c.lineWidth = 4.5;
  const odd = runs(t.length, (i) => outside(curve, i));
  for (const [begin, end] of odd) stroke(begin, end);
  for (const [begin, end] of longest(odd, MARKS)) mark(c, x(t[(begin + end) >> 1]!), pad.top + 2);
}

function mark(c: CanvasRenderingContext2D, x: number, y: number): void {
  c.beginPath();
  c.moveTo(x - 7, y);
  c.lineTo(x + 7, y);
  c.lineTo(x, y + 11);
  c.fill();
}
