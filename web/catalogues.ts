/** What is wrong with a catalogue, compared with the English one. */
export type Messages = Record<string, string>;

const placeholders = (message: string): string =>
  [...message.matchAll(/\{(\w+)/g)].map((m) => m[1]).filter((name) => name !== undefined).sort().join();

export function differences(en: Messages, other: Messages): string[] {
  const missing = Object.keys(en).filter((key) => !other[key]?.trim());
  const extra = Object.keys(other).filter((key) => !(key in en));
  const wrong = Object.keys(en).filter((key) => {
    const text = other[key];
    return text !== undefined && names(text) !== names(en[key] ?? '');
  });
  return [
    ...missing.map((key) => `"${key}" is missing`),
    ...extra.map((key) => `"${key}" is not in en.json`),
    ...wrong.map((key) => `"${key}" has other placeholders than in en.json`),
  ];
}

/** Names used by a message, each once. */
function names(message: string): string {
  const plain = message.replace(/\{(\w+), plural, one \{[^{}]*\} other \{[^{}]*\}\}/g, '{$1}');
  return [...new Set(placeholders(plain).split(','))].join();
}
