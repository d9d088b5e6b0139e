/** Tones in three stages. They differ in rhythm, not in pitch alone; each has its vibration. */
import { computed, signal } from '@preact/signals';
import { now } from './clock';
import { prefs, setPrefs } from './prefs';

export type Stage = 1 | 2 | 3;

/** Beeps of a stage: how many, how loud (0 to 1), how long each, seconds. */
export const TONES: Record<Stage, { beeps: number; gain: number; length: number; gap: number }> = {
  1: { beeps: 1, gain: 0.15, length: 0.25, gap: 0 },
  2: { beeps: 2, gain: 0.45, length: 0.18, gap: 0.12 },
  3: { beeps: 5, gain: 0.9, length: 0.1, gap: 0.07 },
};
const VIBRATION: Record<Stage, number[]> = { 1: [], 2: [200, 120, 200], 3: [100, 70, 100, 70, 400] };
const PITCH_HZ = 880;
/** Mute lasts a shift at most; nobody can switch the sound off for good. */
export const SHIFT_MS = 8 * 3600_000;

/** False until somebody touched the page: browsers stay silent before that. */
export const soundReady = signal(false);
export const muted = computed(() => now.value >= 0 && Date.now() < prefs.value.mutedUntil);
let audio: AudioContext | null = null;

function unlock(): void {
  audio ??= 'AudioContext' in window ? new AudioContext() : null;
  void audio?.resume().then(() => (soundReady.value = audio?.state === 'running'));
}

/** Wait for the first touch, which is what lets a page make sounds. */
export function prepareSound(): void {
  for (const event of ['pointerup', 'keydown']) window.addEventListener(event, unlock);
}

export function mute(on: boolean): void {
  setPrefs({ mutedUntil: on ? Date.now() + SHIFT_MS : 0 });
}

/** Play a stage now, unless it is muted for this shift. */
export function play(stage: Stage): void {
  if (muted.value) return;
  navigator.vibrate?.(VIBRATION[stage]);
  if (!audio) return;
  const { beeps, gain, length, gap } = TONES[stage];
  for (let i = 0; i < beeps; i++) beep(audio, audio.currentTime + i * (length + gap), length, gain);
}

function beep(context: AudioContext, at: number, length: number, loud: number): void {
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.frequency.value = PITCH_HZ;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loud, at + 0.02);
  gain.gain.setValueAtTime(loud, at + length - 0.02);
  gain.gain.linearRampToValueAtTime(0, at + length);
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + length);
}
