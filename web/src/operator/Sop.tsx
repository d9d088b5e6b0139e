/** The plant's work instruction. The console rendered and cleaned it; nothing in it can run. */
import { useGet } from '../core/api';
import { lang, t } from '../core/i18n';
import type { SopDoc } from '../core/schema';

export function Sop() {
  const doc = useGet<SopDoc>(`/api/sop/${lang.value}`);
  if (doc === undefined) return <div class="sop" />;
  if (doc === null) return <p class="sop">{t('sop.none')}</p>;
  // Cleaned by the console (cobot_ai/web/instruction.py); the page's CSP bars scripts as well.
  return (
    <div
      class="sop"
      dir="auto"
      tabIndex={0}
      role="region"
      aria-label={t('sop.show')}
      dangerouslySetInnerHTML={{ __html: doc.html }}
    />
  );
}
