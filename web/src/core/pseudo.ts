/** A language nobody speaks: 40 % longer, with accents. It shows what a translation would break. */
const ACCENTS: Record<string, string> = { a: 'á', e: 'ë', i: 'ï', o: 'ø', u: 'ü', n: 'ñ', c: 'ç' };
const LONGER = 0.4;

/** Every message of a catalogue made longer; what stands in braces stays as it is. */
export function pseudo<T extends Record<string, string>>(messages: T): T {
  const made = Object.entries(messages).map(([key, text]) => [key, lengthened(text)]);
  return Object.fromEntries(made) as T;
}

function lengthened(text: string): string {
  const odd = text.replace(/\{[^{}]*\}|[aeiounc]/g, (part) => ACCENTS[part] ?? part);
  const whole = text.includes('plural,') ? text : odd;
  return `${whole} ${'·'.repeat(Math.max(1, Math.ceil(text.length * LONGER) - 1))}`;
}
