/** How loudly a question calls: 1 when it comes, 2 at half of its time, 3 at three quarters. */
import { computed, effect } from '@preact/signals';
import { now, unknown } from '../core/clock';
import { station } from '../core/me';
import { atOperator } from '../core/route';
import { play, type Stage } from '../core/sound';
import type { Ask } from '../core/state';
import { waiting } from './desk';

export function stageOf(ask: Ask, t: number): Stage {
  const left = (ask.deadlineAt - t) / (ask.body.deadline_s * 1000);
  return left <= 0.25 ? 3 : left <= 0.5 ? 2 : 1;
}

/** Questions that call for this tablet: nobody answered, and nobody else looks at them. */
const calling = computed(() =>
  waiting.value.filter((a) => !a.given && (a.holder?.tablet ?? station()) === station()),
);

/** The question whose time is nearly over, whatever the screen shows. */
export const lastCall = computed<Ask | null>(() => {
  const t = now.value;
  return calling.value.find((ask) => stageOf(ask, t) === 3 && ask.deadlineAt > t) ?? null;
});

const reached = new Map<number, Stage>();

/** Sound once when a question comes and once when it reaches the next stage. */
export function callForAttention(): void {
  effect(() => {
    const t = now.value;
    const asks = calling.value;
    if (!atOperator.value || unknown.value) return;
    for (const ask of asks) {
      const stage = stageOf(ask, t);
      if (stage <= (reached.get(ask.case) ?? 0)) continue;
      reached.set(ask.case, stage);
      play(stage);
    }
    const open = new Set(waiting.value.map((a) => a.case));
    for (const known of reached.keys()) if (!open.has(known)) reached.delete(known);
  });
}
