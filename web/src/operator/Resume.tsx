/** Lets a held process go on: by holding, because it cannot be taken back. */
import { t } from '../core/i18n';
import { HoldButton } from '../ui/HoldButton';
import { operate } from './desk';

export function Resume() {
  return <HoldButton onDone={() => operate({ kind: 'resume' })}>{t('idle.resume')}</HoldButton>;
}
