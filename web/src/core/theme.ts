/** Bright (default), dark, or high contrast; plots read their colours from the same variables. */
import { effect } from '@preact/signals';
import { prefs } from './prefs';

export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset['theme'] = prefs.value.theme;
  });
}

/** Value of a colour variable, for what is drawn on a canvas. */
export function colour(element: Element, name: string): string {
  return getComputedStyle(element).getPropertyValue(name).trim();
}
