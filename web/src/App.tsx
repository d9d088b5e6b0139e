/** Chooses the screen; the engineer's part is a chunk of its own. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { prefs } from './core/prefs';
import { atEngineer } from './core/route';
import { OperatorScreen } from './operator/OperatorScreen';

export function App() {
  useEffect(() => {
    document.documentElement.style.setProperty('--mm', `${prefs.value.pxPerMm}px`);
  }, [prefs.value.pxPerMm]);
  return atEngineer.value ? <Engineer /> : <OperatorScreen />;
}

function Engineer() {
  const [screen, setScreen] = useState<{ view: ComponentType } | null>(null);
  useEffect(() => {
    void import('./engineer/EngineerScreen').then((m) => setScreen({ view: m.EngineerScreen }));
  }, []);
  return screen ? <screen.view /> : null;
}
