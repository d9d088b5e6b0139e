/** What the robot does not do as it was told. Nothing on the page is louder than a failed hold. */
import { useEffect } from 'preact/hooks';
import { unknown } from '../core/clock';
import { plant, t } from '../core/i18n';
import { beat } from '../core/transport';

const ALARMS = ['not_held', 'lost'];
const BEEP_MS = 1000;

/** What must be said about the robot now: `alarm`, `stop`, `pendant` or nothing. */
export function motionNotice(): 'alarm' | 'stop' | 'pendant' | null {
  const motion = beat.value?.pulse.state.motion;
  if (!motion || unknown.value) return null;
  if (ALARMS.includes(motion.phase ?? '')) return 'alarm';
  if (motion.stopped) return 'stop';
  return motion.phase === 'pendant' ? 'pendant' : null;
}

export function Motion() {
  const kind = motionNotice();
  useEffect(() => (kind === 'alarm' ? alarm() : undefined), [kind]);
  const motion = beat.value?.pulse.state.motion;
  if (!kind || !motion) return null;
  const words = motion.stopped || motion.reason;
  return (
    <section class={`motion ${kind}`} role="alert">
      <h1>{t(`motion.${kind}`)}</h1>
      {motion.text && <p>{plant(motion.text, '')}</p>}
      {words && (
        <p class="driver">
          {/* Its own words, as they are at the robot and in its manual. */}
          {t('motion.says')}{' '}
          <q lang="en" dir="ltr">
            {words}
          </q>
        </p>
      )}
    </section>
  );
}

/** Beep and shake every second until somebody went there; a tablet that can do neither is red. */
function alarm(): () => void {
  const audio = 'AudioContext' in window ? new AudioContext() : null;
  const beep = () => {
    navigator.vibrate?.(400);
    if (!audio || audio.state !== 'running') return;
    const tone = audio.createOscillator();
    tone.frequency.value = 880;
    tone.connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.3);
  };
  beep();
  const timer = window.setInterval(beep, BEEP_MS);
  return () => {
    window.clearInterval(timer);
    void audio?.close();
  };
}
