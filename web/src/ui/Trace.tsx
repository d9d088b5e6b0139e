/** A measured signal over the band of past good cases. Always left to right, like time. */
import { useEffect, useRef } from 'preact/hooks';
import { lang, number } from '../core/i18n';
import type { EvidenceChannel } from '../core/schema';
import { bounds, outside, runs } from './trace-math';

interface Props {
  channel: EvidenceChannel;
  name: string;
}

const INK = '#12181f';
const BAND = '#b9c4cf';
const ODD = '#a80f2a';
const PAD = { left: 64, right: 10, top: 8, bottom: 24 };

export function Trace({ channel, name }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const code = lang.value;
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const redraw = () => draw(element, channel);
    redraw();
    const observer = new ResizeObserver(redraw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [channel, code]);
  return <canvas ref={canvas} class="trace" dir="ltr" role="img" aria-label={name} />;
}

function draw(element: HTMLCanvasElement, channel: EvidenceChannel): void {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: w, clientHeight: h } = element;
  element.width = w * ratio;
  element.height = h * ratio;
  const c = element.getContext('2d');
  const range = bounds(channel);
  if (!c || !range || w < PAD.left + PAD.right) return;
  c.scale(ratio, ratio);
  c.direction = 'ltr';
  const first = channel.t[0] ?? 0;
  const span = (channel.t[channel.t.length - 1] ?? 1) - first || 1;
  const x = (t: number) => PAD.left + ((t - first) / span) * (w - PAD.left - PAD.right);
  const y = (v: number) =>
    h - PAD.bottom - ((v - range.low) / (range.high - range.low)) * (h - PAD.top - PAD.bottom);
  axes(c, w, h, range, channel);
  band(c, channel, x, y);
  line(c, channel, x, y);
}

type Scale = (v: number) => number;

function axes(
  c: CanvasRenderingContext2D,
  w: number,
  h: number,
  range: { low: number; high: number },
  channel: EvidenceChannel,
): void {
  const first = channel.t[0] ?? 0;
  const last = channel.t[channel.t.length - 1] ?? 0;
  c.strokeStyle = '#7d8894';
  c.lineWidth = 1;
  c.strokeRect(PAD.left, PAD.top, w - PAD.left - PAD.right, h - PAD.top - PAD.bottom);
  c.fillStyle = INK;
  c.font = '15px system-ui, sans-serif';
  c.textAlign = 'right';
  c.textBaseline = 'top';
  c.fillText(number(range.high), PAD.left - 6, PAD.top);
  c.textBaseline = 'bottom';
  c.fillText(number(range.low), PAD.left - 6, h - PAD.bottom);
  c.textBaseline = 'top';
  c.textAlign = 'left';
  c.fillText(`${number(first, 2)} s`, PAD.left, h - PAD.bottom + 5);
  c.textAlign = 'right';
  c.fillText(`${number(last, 2)} s`, w - PAD.right, h - PAD.bottom + 5);
}

function band(c: CanvasRenderingContext2D, channel: EvidenceChannel, x: Scale, y: Scale): void {
  const { low, high, t } = channel;
  if (!low || !high) return;
  c.fillStyle = BAND;
  for (const [begin, end] of runs(t.length, (i) => low[i] != null && high[i] != null)) {
    c.beginPath();
    for (let i = begin; i <= end; i++) c.lineTo(x(t[i]!), y(high[i]!));
    for (let i = end; i >= begin; i--) c.lineTo(x(t[i]!), y(low[i]!));
    c.fill();
  }
}

function line(c: CanvasRenderingContext2D, channel: EvidenceChannel, x: Scale, y: Scale): void {
  const { value, t } = channel;
  c.lineJoin = 'round';
  const stroke = (begin: number, end: number) => {
    c.beginPath();
    for (let i = begin; i <= end; i++) c.lineTo(x(t[i]!), y(value[i]!));
    c.stroke();
  };
  c.strokeStyle = INK;
  c.lineWidth = 2;
  for (const [begin, end] of runs(t.length, (i) => value[i] != null)) stroke(begin, end);
  // What lies outside the band is thick and carries marks: not by colour alone.
  c.strokeStyle = c.fillStyle = ODD;
  c.lineWidth = 4.5;
  for (const [begin, end] of runs(t.length, (i) => outside(channel, i))) {
    stroke(begin, end);
    const middle = (begin + end) >> 1;
    mark(c, x(t[middle]!), PAD.top + 2);
  }
}

function mark(c: CanvasRenderingContext2D, x: number, y: number): void {
  c.beginPath();
  c.moveTo(x - 7, y);
  c.lineTo(x + 7, y);
  c.lineTo(x, y + 11);
  c.fill();
}
