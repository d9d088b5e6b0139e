/** The live connection: in order, without gaps, for ever. */
import { signal } from '@preact/signals';
import { io, type Socket } from 'socket.io-client';
import type { Command, Entry, Pulse, Reply, Snapshot, Told } from './schema';
import { apply, corrected, EMPTY, follows, fromSnapshot, type State } from './state';

export type Link = 'connecting' | 'online' | 'offline';

export const state = signal<State>(EMPTY);
export const link = signal<Link>('connecting');
/** Newest heartbeat: age when it came (ms, Infinity: never) and when that was. */
export const beat = signal<{ ageMs: number; at: number; pulse: Pulse } | null>(null);

const ACK_MS = 5000;
const REFUSED_AGAIN_MS = 4000;
const KICKED_AGAIN_MS = 1000;
const listeners = new Set<(entry: Entry) => void>();

/** Be told of every new entry (not of those a snapshot replays). */
export function onEntry(listener: (entry: Entry) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const socket: Socket = io({
  transports: ['websocket'],
  autoConnect: false,
  reconnectionDelay: 250,
  reconnectionDelayMax: 4000,
  randomizationFactor: 0.5,
  auth: (give) => give({ ledger: state.value.ledger, seq: state.value.seq }),
});

function take(entries: Entry[]): boolean {
  for (const entry of entries) {
    const place = follows(state.value, entry);
    if (place === 'gap') return false;
    if (place === 'known') continue;
    state.value = apply(state.value, entry, performance.now());
    for (const listener of listeners) listener(entry);
  }
  return true;
}

/** Start over at once, whatever timer the library waits for. */
function reconnect(): void {
  socket.disconnect();
  socket.connect();
}

function startOver(): void {
  state.value = { ...state.value, ledger: null };
  reconnect();
}

socket.on('connect', () => {
  link.value = 'online';
});
socket.on('disconnect', (reason) => {
  link.value = 'offline';
  if (reason === 'io server disconnect') setTimeout(() => socket.connect(), KICKED_AGAIN_MS);
});
socket.on('connect_error', (error) => {
  link.value = 'offline';
  if (error.message === 'login') location.assign('/login');
  else if (!socket.active) setTimeout(() => socket.connect(), REFUSED_AGAIN_MS);
});
socket.on('entries', (entries: Entry[], done: () => void) => {
  if (take(entries)) done();
  else startOver();
});
socket.on('snapshot', (snapshot: Snapshot, done: () => void) => {
  state.value = fromSnapshot(snapshot, performance.now());
  done();
});
socket.on('pulse', (pulse: Pulse, done: () => void) => {
  const at = performance.now();
  beat.value = { ageMs: pulse.age_ms ?? Infinity, at, pulse };
  state.value = corrected(state.value, pulse, at);
  done();
});

/** Send a command and wait for the reply; rejects when the connection is not there. */
export async function send(command: Command): Promise<Reply> {
  if (!socket.connected) throw new Error('offline');
  return (await socket.timeout(ACK_MS).emitWithAck('command', command)) as Reply;
}

/** Say something of this tablet; the next time makes up for one that is lost. */
export function tell(device: Told): void {
  if (socket.connected) socket.emit('device', device);
}

/** An admin wants this page to be loaded anew. */
export function onReload(f: () => void): void {
  socket.on('reload', f);
}

export function onConnect(f: () => void): void {
  socket.on('connect', f);
}

/** Connect, and again at once whenever the page gets a reason to hope. */
export function start(): void {
  socket.connect();
  const hope = () => {
    if (!socket.connected && document.visibilityState === 'visible') reconnect();
  };
  window.addEventListener('online', hope);
  window.addEventListener('focus', hope);
  document.addEventListener('visibilitychange', hope);
}
