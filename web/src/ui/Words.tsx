const PX = 100;
const pen = document.createElement('canvas').getContext('2d');

/** Width of the longest word in bold, as a multiple of the size of the letters. */
function longest(text: string): number {
  if (!pen) return 1;
  pen.font = `700 ${PX}px ${getComputedStyle(document.body).fontFamily}`;
  const words = pieces(text).flatMap((piece) => piece.split(/\s+/));
  return Math.max(1, ...words.map((word) => pen.measureText(word).width / PX));
}

/** What an answer is called: its letters are as large as its longest word allows. */
export function Label({ text }: { text: string }) {
  return (
    <span class="label" style={{ '--longest': longest(text) }}>
      <Words text={text} />
    </span>
  );
}

/** A plant's sentence that breaks between words, also where words have no blanks between them. */
import { Fragment } from 'preact';
import { pieces } from '../core/i18n';

export function Words({ text }: { text: string }) {
  return (
    <bdi class="words">
      {pieces(text).map((piece, i) => (
        <Fragment key={i}>
          {i > 0 && <wbr />}
          {piece}
        </Fragment>
      ))}
    </bdi>
  );
}
