/** Causes as tiles: the plant's own list, or the usual ones. */
import { plant, tr } from '../core/i18n';
import { state } from '../core/transport';
import { Glyph, type GlyphName } from '../ui/Glyph';
import { TapButton } from '../ui/TapButton';
import { Label } from '../ui/Words';

const USUAL: GlyphName[] = ['position', 'part', 'surface', 'dirt', 'tool', 'feeding', 'sensor', 'other'];
/** Shapes of the plant's own causes, by place: a shape is found again faster than a word. */
const SHAPES: GlyphName[] = ['circle', 'square', 'triangle', 'diamond'];

export function Reasons({ onReason }: { onReason: (name: string) => void }) {
  const own = state.value.question?.reasons ?? [];
  const tiles = own.length
    ? own.map((r, i) => ({ name: r.name, text: plant(r.text, r.name), glyph: SHAPES[i % 4]! }))
    : USUAL.map((name) => ({ name, text: tr('reason', name), glyph: name }));
  return (
    <div class="reasons">
      {tiles.map((tile) => (
        <TapButton key={tile.name} class="answer reason" onTap={() => onReason(tile.name)}>
          <Glyph name={tile.glyph} />
          <Label text={tile.text} />
        </TapButton>
      ))}
    </div>
  );
}

/** A cause as people read it. */
export function reasonText(name: string): string {
  const own = state.value.question?.reasons?.find((r) => r.name === name);
  return own ? plant(own.text, name) : tr('reason', name);
}
