/** Gate checks in the reader's language: the server sends keys and parameters. */
import { t, tr, type Params } from '../core/i18n';
import type { CheckRow, SliceName } from '../core/schema';

export function gateName(name: string): string {
  return tr('gate', name, name.replace(/_/g, ' '));
}

export function gateNames(names: string[]): string {
  return names.map(gateName).join(', ');
}

export function checkText({ said }: Pick<CheckRow, 'said'>): string {
  return tr('check', said.key, '', worded(said.params));
}

/** Names and slices become one text each. */
function worded(params: CheckRow['said']['params']): Params {
  const texts = Object.entries(params).map(([key, value]) => [key, Array.isArray(value) ? joined(value) : value]);
  return Object.fromEntries(texts) as Params;
}

function joined(names: string[] | SliceName[]): string {
  return names.map((n) => (typeof n === 'string' ? n : `${t(`slice.${n.of}` as 'slice.all')} ${n.name}`.trim())).join(', ');
}
