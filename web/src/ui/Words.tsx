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
