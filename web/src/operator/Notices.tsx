/** A strip of reserved height: what just happened, in a sentence. */
import { failing } from '../core/api';
import { t } from '../core/i18n';
import { notices } from '../core/notices';

export function Notices() {
  const last = notices.value[notices.value.length - 1];
  return (
    <div class="notices" role="alert">
      {last && (
        <p class={last.grave ? 'grave' : ''} key={last.id}>
          {t(last.key, last.params())}
        </p>
      )}
      {!last && failing.value > 0 && <p>▲ {t('load.failed')}</p>}
    </div>
  );
}
