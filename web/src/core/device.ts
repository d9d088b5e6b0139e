/** What admins see of this tablet; its reload, asked for or after an update: never while something is open. */
import { effect, signal } from '@preact/signals';
import { current, outbox } from '../operator/desk';
import { now } from './clock';
import { me } from './me';
import { prefs, remember, remembered } from './prefs';
import { link, onConnect, onReload, tell } from './transport';
import { awake } from './wakelock';

interface Battery extends EventTarget {
  level: number;
  charging: boolean;
}

/** null: this browser does not tell. */
const battery = signal<{ level: number; charging: boolean } | null>(null);
const wanted = signal(false);
/** Anything somebody may be busy with. */
const OPEN = '.card, .sheet, .look, input:focus, select:focus, .holding';

/** The content hash of the page's entry script. */
const build = /index-([\w-]+)\.js/.exec(document.querySelector<HTMLScriptElement>('script[type=module]')?.src ?? '')?.[1] ?? '';

async function watchBattery(): Promise<void> {
  const found = await (navigator as { getBattery?: () => Promise<Battery> }).getBattery?.().catch(() => null);
  if (!found) return;
  const read = () => (battery.value = { level: found.level, charging: found.charging });
  read();
  found.addEventListener('levelchange', read);
  found.addEventListener('chargingchange', read);
}

function report(): void {
  tell({
    tablet: prefs.value.tablet,
    build,
    awake: awake.value,
    battery: battery.value?.level ?? null,
    charging: battery.value?.charging ?? null,
    busy: current.value !== null,
  });
}

/** Nothing is open, nothing waits to be sent, and the console is there to load the page from. */
function idle(): boolean {
  const quiet = current.value === null && outbox.items.value.length === 0 && link.value === 'online';
  return quiet && document.querySelector(OPEN) === null;
}

const RELOADED = 'cobot_ai.reloaded';

/** The console serves another build than this page; once per build, or it would never end. */
function outdated(): string | null {
  const served = me.value?.build;
  return served && build && served !== build && remembered(RELOADED) !== served ? served : null;
}

export function showDevice(): void {
  void watchBattery();
  effect(report);
  onConnect(report);
  onReload(() => (wanted.value = true));
  effect(() => {
    const served = outdated();
    if ((wanted.value || served) && now.value && idle()) {
      wanted.value = false;
      if (served) remember(RELOADED, served);
      location.reload();
    }
  });
}
