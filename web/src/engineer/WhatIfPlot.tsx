/** Questions per shift against wrong decisions alone (with their band), over epsilon. */
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { lang, number, percent, t } from '../core/i18n';
import { prefs } from '../core/prefs';
import type { WhatIfOption } from '../core/schema';
import { colour } from '../core/theme';

interface Props {
  options: WhatIfOption[];
  present: number;
  at: number;
}
const HEIGHT = 280;

export function WhatIfPlot({ options, present, at }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const key = JSON.stringify([options, present, at]);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const plot = new uPlot(settings(element, options, present, at), dataOf(options), element);
    const fit = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    fit.observe(element);
    return () => {
      fit.disconnect();
      plot.destroy();
    };
  }, [key, lang.value, prefs.value.theme]);
  return (
    <figure>
      <div class="plot" ref={place} dir="ltr" role="img" aria-label={t('what_if.plot')} />
      <figcaption>
        <span class="line-asks">━ {t('what_if.asks')}</span>
        <span class="line-wrong">┅ {t('what_if.wrong')}</span>
      </figcaption>
    </figure>
  );
}

function dataOf(options: WhatIfOption[]): uPlot.AlignedData {
  return [
    options.map((_, i) => i),
    options.map((o) => o.wrong_alone.low),
    options.map((o) => o.wrong_alone.high),
    options.map((o) => o.wrong_alone.value),
    options.map((o) => o.asks_per_shift),
  ];
}

function settings(element: Element, options: WhatIfOption[], present: number, at: number): uPlot.Options {
  const ink = (name: string) => colour(element, name);
  const axis = { stroke: ink('--ink'), grid: { stroke: ink('--ring') }, font: '15px system-ui, sans-serif' };
  const edge = { scale: 'wrong', points: { show: false } };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-0.4, options.length - 0.6] },
      asks: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] },
      wrong: { range: (_, __, high) => [0, Math.max(0.01, (high ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        splits: () => options.map((_, i) => i),
        values: (_, splits) => splits.map((i) => percent(options[i]?.epsilon ?? 0, 2)),
      },
      { ...axis, scale: 'asks', size: 64, values: (_, splits) => splits.map((v) => number(v)) },
      { ...axis, scale: 'wrong', side: 1, size: 72, grid: { show: false }, values: (_, splits) => splits.map((v) => percent(v)) },
    ],
    bands: [{ series: [2, 1], fill: ink('--band') }],
    series: [
      {},
      edge,
      edge,
      { scale: 'wrong', stroke: ink('--odd'), width: 3, dash: [8, 5], points: { size: 9 } },
      // Last, so that the band does not cover it.
      { scale: 'asks', stroke: ink('--ink'), width: 3, points: { size: 9, fill: ink('--ink') } },
    ],
    hooks: { drawAxes: [(u) => mark(u, present, ink('--ink'), [4, 4]), (u) => mark(u, at, ink('--line'), [])] },
  };
}

/** An upright line: the present value dotted, the chosen one solid. */
function mark(u: uPlot, index: number, stroke: string, dash: number[]): void {
  const x = u.valToPos(index, 'x', true);
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.setLineDash(dash.map((d) => d * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
