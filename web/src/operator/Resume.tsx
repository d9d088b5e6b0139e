/** Lets a held process go on: by holding, because it cannot be taken back. */
import { unknown } from '../core/clock';
import { t } from '../core/i18n';
import { beat, link } from '../core/transport';
import { HoldButton } from '../ui/HoldButton';
import { operate } from './desk';

export function Resume() {
  // As it was when the finger came down: a hold that comes while the ring fills was not seen.
  const hold = beat.value?.pulse.state.newest_hold ?? null;
  return (
    <HoldButton
      disabled={link.value !== 'online' || unknown.value || hold === null}
      onDone={() => hold !== null && operate({ kind: 'resume', hold })}
    >
      {t('idle.resume')}
    </HoldButton>
  );
}
