/** A strip of reserved height: what just happened, in a sentence. */
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
    </div>
  );
}
