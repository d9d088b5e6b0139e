/** Chooses the screen; the wall's, the engineer's and the admin's parts are chunks of their own. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { refused } from './core/api';
import { mayOpen, plainHttp } from './core/me';
import { prefs, remember, remembered } from './core/prefs';
import { area, type Area } from './core/route';
import { link } from './core/transport';
import { OperatorScreen } from './operator/OperatorScreen';
import { NotForYou, NotLoaded, PlainNotice } from './ui/Areas';

type Later = Exclude<Area, 'operator'>;
const CHUNKS: Record<Later, () => Promise<ComponentType>> = {
  wall: () => import('./wall/WallScreen').then((m) => m.WallScreen),
  engineer: () => import('./engineer/EngineerScreen').then((m) => m.EngineerScreen),
  admin: () => import('./admin/AdminScreen').then((m) => m.AdminScreen),
};

export function App() {
  const here = area.value;
  useEffect(() => {
    document.documentElement.style.setProperty('--mm', `${prefs.value.pxPerMm}px`);
  }, [prefs.value.pxPerMm]);
  useEffect(() => {
    document.documentElement.classList.toggle('plain-http', plainHttp.value);
  }, [plainHttp.value]);
  useEffect(() => {
    refused.value = false;
  }, [here]);
  return (
    <>
      {plainHttp.value && <PlainNotice />}
      {!mayOpen(here) || refused.value ? (
        <NotForYou />
      ) : here === 'operator' ? (
        <OperatorScreen />
      ) : (
        <Chunk key={here} of={here} />
      )}
    </>
  );
}

const RETRIED = 'cobot_ai.chunk';

function Chunk({ of }: { of: Later }) {
  const [screen, setScreen] = useState<{ view: ComponentType } | 'lost' | null>(null);
  useEffect(() => {
    CHUNKS[of]().then(
      (view) => {
        remember(RETRIED, '');
        setScreen({ view });
      },
      () => setScreen('lost'),
    );
  }, []);
  // Its file is gone after an update: the page of now knows the new one. Kept taps stay kept.
  const again = screen === 'lost' && link.value === 'online' && remembered(RETRIED) !== of;
  useEffect(() => {
    if (!again) return;
    remember(RETRIED, of);
    location.reload();
  }, [again]);
  if (screen === 'lost') return <NotLoaded />;
  return screen ? <screen.view /> : null;
}
