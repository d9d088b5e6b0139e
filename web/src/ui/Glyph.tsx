/** Own glyphs: state is shape, text and place; colour comes last. */
const PATHS = {
  continue: 'M8 25 L20 37 L41 12',
  rework: 'M39 24 A15 15 0 1 1 33 12 M33 3 V13 H23',
  reject: 'M10 10 L38 38 M38 10 L10 38',
  stop: 'M11 11 H37 V37 H11 Z',
  hold: 'M17 9 V39 M31 9 V39',
  not_sure: 'M15 17 A9 9 0 1 1 26 25 Q24 27 24 31 M24 38 V39',
  other: 'M10 24 H11 M24 24 H25 M38 24 H39',
  undo: 'M18 10 L8 20 L18 30 M8 20 H30 A10 10 0 0 1 30 40 H18',
  running: 'M24 8 A16 16 0 1 1 23.9 8 Z',
  asks: 'M24 7 L43 40 H5 Z',
  held: 'M9 9 H39 V39 H9 Z',
  maintenance: 'M24 5 L43 24 L24 43 L5 24 Z',
  unknown: 'M24 8 A16 16 0 1 1 23.9 8 Z M10 40 L38 8',
  menu: 'M8 13 H40 M8 24 H40 M8 35 H40',
  close: 'M10 10 L38 38 M38 10 L10 38',
  online: 'M6 18 Q24 4 42 18 M13 26 Q24 17 35 26 M20 34 Q24 31 28 34',
  offline: 'M6 18 Q24 4 42 18 M13 26 Q24 17 35 26 M8 40 L40 8',
  quiet: 'M8 19 H15 L25 10 V38 L15 29 H8 Z M33 18 L43 30 M43 18 L33 30',
  loud: 'M8 19 H15 L25 10 V38 L15 29 H8 Z M32 17 Q38 24 32 31 M38 11 Q47 24 38 37',
  report: 'M10 43 V6 H36 L30 15 L36 24 H10',
  position: 'M24 6 V42 M6 24 H42 M24 14 A10 10 0 1 1 23.9 14',
  part: 'M24 5 L41 15 V33 L24 43 L7 33 V15 Z M7 15 L24 25 L41 15 M24 25 V43',
  surface: 'M6 8 H42 V40 H6 Z M13 34 L22 16 L27 30 L35 14',
  dirt: 'M9 14 H11 M22 9 H24 M36 16 H38 M14 27 H16 M28 24 H30 M39 30 H41 M10 39 H12 M24 38 H26',
  tool: 'M8 40 L26 22 M24 8 Q14 14 22 24 Q34 34 40 24 L32 26 L24 18 Z',
  feeding: 'M5 38 H43 M10 38 V30 M24 38 V30 M38 38 V30 M14 8 H34 V24 H14 Z',
  sensor: 'M24 24 H24.1 M15 33 A13 13 0 0 1 15 15 M33 15 A13 13 0 0 1 33 33 M9 39 A21 21 0 0 1 9 9 M39 9 A21 21 0 0 1 39 39',
  circle: 'M24 9 A15 15 0 1 1 23.9 9',
  square: 'M10 10 H38 V38 H10 Z',
  triangle: 'M24 8 L42 39 H6 Z',
  diamond: 'M24 6 L42 24 L24 42 L6 24 Z',
  connecting: 'M13 26 Q24 17 35 26 M20 34 Q24 31 28 34',
} as const;
export type GlyphName = keyof typeof PATHS;
const FILLED: ReadonlySet<GlyphName> = new Set(['running', 'asks', 'held', 'maintenance', 'stop']);

export function isGlyph(name: string): name is GlyphName {
  return name in PATHS;
}

export function Glyph({ name, class: extra = '' }: { name: GlyphName; class?: string }) {
  const filled = FILLED.has(name) ? 'filled' : '';
  return (
    <svg class={`glyph ${filled} ${extra}`} viewBox="0 0 48 48" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
