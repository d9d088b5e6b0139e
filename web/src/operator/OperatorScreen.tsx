/** The tablet's screen: one question, or the queue, or the line's state. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { unknown } from '../core/clock';
import { guard } from '../core/guard';
import { prefs } from '../core/prefs';
import type { Ask } from '../core/state';
import { Card } from './Card';
import { current, pendingAnswer, waiting } from './desk';
import { Header, heldNow, type Sheet } from './Header';
import { Idle } from './Idle';
import { Menu } from './Menu';
import { Motion, motionNotice } from './Motion';
import { Notices } from './Notices';
import { Queue } from './Queue';

export function OperatorScreen() {
  const [sheet, setSheet] = useState<Sheet>(null);
  const ask = current.value;
  const phase = ask && [ask.given?.label, ask.resolution?.outcome, pendingAnswer(ask.case)].join();
  // Whatever changes the place or meaning of a control must be part of this name.
  const row = (a: Ask) => `${a.case}${a.given ? '!' : ''}`;
  const rows = sheet === 'queue' || !ask ? waiting.value.map(row).join() : '';
  const notice = motionNotice();
  const held = (!ask || ask.resolution !== null) && heldNow();
  const layout = [sheet, ask?.case, phase, rows, unknown.value, notice, held].join('|');
  useLayoutEffect(() => guard.changed(performance.now()), [layout]);
  const toggle = (name: Sheet) => setSheet(sheet === name ? null : name);
  return (
    <div class={`screen ${prefs.value.mirror ? 'mirror' : ''} ${unknown.value ? 'unknown' : ''}`}>
      <Header sheet={sheet} toggle={toggle} />
      <Notices />
      <Motion />
      <main>
        {sheet === 'menu' ? (
          <Menu close={() => setSheet(null)} />
        ) : sheet === 'queue' ? (
          <Queue close={() => setSheet(null)} />
        ) : ask ? (
          <Card key={ask.case} ask={ask} />
        ) : (
          <Idle />
        )}
      </main>
    </div>
  );
}
