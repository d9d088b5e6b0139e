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
