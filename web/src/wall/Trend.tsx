/** The last shifts of a figure: a dot with its band per shift; a shift without a figure is a gap. */
import type { ShiftFigure } from '../core/schema';

const W = 240;
const H = 84;
const PAD = 8;

interface Props {
  shifts: ShiftFigure[];
  name: string;
  /** What the figure should stay below, drawn as a band; null: nothing is declared. */
  most: number | null;
  format: (value: number) => string;
}

export function Trend({ shifts, name, most, format }: Props) {
  const known = shifts.filter((s) => s.value !== null);
  const ends = known.flatMap((s) => [s.low, s.value, s.high]).filter((v) => v !== null);
  if (ends.length === 0) return null;
  const low = Math.min(0, ...ends);
  const high = Math.max(...ends, most ?? 0, low + 1e-9);
  const x = (i: number) => PAD + ((i + 0.5) / shifts.length) * (W - 2 * PAD);
  const y = (v: number) => H - PAD - ((v - low) / (high - low)) * (H - 2 * PAD);
  const first = shifts[0]?.shift ?? '';
  const last = shifts[shifts.length - 1]?.shift ?? '';
  return (
    <figure class="trend" dir="ltr">
      <svg viewBox={`0 0 ${W} ${H}`} role="img" aria-label={name}>
        {most !== null && <rect class="target" x="0" width={W} y={y(most)} height={y(low) - y(most)} />}
        <line class="axis" x1="0" x2={W} y1={H - 2} y2={H - 2} />
        {shifts.slice(1).map((s, i) => {
          const before = shifts[i];
          if (s.value === null || before?.value == null) return null;
          return <line key={s.shift} class="link" x1={x(i)} y1={y(before.value)} x2={x(i + 1)} y2={y(s.value)} />;
        })}
        {shifts.map((s, i) => (
          <Point key={s.shift} x={x(i)} y={y} figure={s} format={format} />
        ))}
      </svg>
      <figcaption>
        <span>{short(first)}</span>
        {shifts.length > 1 && <span>{short(last)}</span>}
      </figcaption>
    </figure>
  );
}

/** `2026-11-22 06:00` without the year. */
function short(shift: string): string {
  return shift.slice(5);
}

interface PointProps {
  x: number;
  y: (value: number) => number;
  figure: ShiftFigure;
  format: (value: number) => string;
}

function Point({ x, y, figure: { value, low, high, n, shift }, format }: PointProps) {
  if (value === null) return <line class="gap" x1={x - 4} x2={x + 4} y1={H - 8} y2={H - 8} />;
  return (
    <g>
      <title>{`${shift}: ${format(value)}, n = ${n}`}</title>
      {low !== null && high !== null && <line class="spread" x1={x} x2={x} y1={y(low)} y2={y(high)} />}
      <circle cx={x} cy={y(value)} r="5" />
    </g>
  );
}
