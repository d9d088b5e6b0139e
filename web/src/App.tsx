/** Chooses the screen; the wall's, the engineer's and the admin's parts are chunks of their own. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { refused } from './core/api';
import { mayOpen, plainHttp } from './core/me';
import { prefs } from './core/prefs';
import { area, type Area } from './core/route';
import { OperatorScreen } from './operator/OperatorScreen';
import { NotForYou, PlainNotice } from './ui/Areas';

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

function Chunk({ of }: { of: Later }) {
  const [screen, setScreen] = useState<{ view: ComponentType } | null>(null);
  useEffect(() => {
    void CHUNKS[of]().then((view) => setScreen({ view }));
  }, []);
  return screen ? <screen.view /> : null;
}
