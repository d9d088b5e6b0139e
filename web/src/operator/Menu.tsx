/** Language, name, finger size and the way to the engineer's screens. */
import { lang, languages, number, setLanguage, t } from '../core/i18n';
import { DEFAULT_PX_PER_MM, prefs, setPrefs } from '../core/prefs';
import { go } from '../core/route';
import { awake } from '../core/wakelock';
import { TapButton } from '../ui/TapButton';

const CARD_MM = 85.6;

export function Menu({ close }: { close: () => void }) {
  return (
    <section class="menu">
      <h1>{t('menu.title')}</h1>
      <div class="tiles" role="group" aria-label={t('menu.language')}>
        {languages.map(([code, name]) => (
          <TapButton key={code} pressed={lang.value === code} onTap={() => void setLanguage(code)}>
            <span lang={code}>{name}</span>
          </TapButton>
        ))}
      </div>
      <label>
        {t('menu.name')}
        <input
          id="name"
          maxLength={80}
          autocomplete="off"
          value={prefs.value.name}
          onInput={(e) => setPrefs({ name: e.currentTarget.value.trim() })}
        />
      </label>
      <Size />
      <div class="tiles">
        <TapButton
          pressed={prefs.value.mirror}
          onTap={() => setPrefs({ mirror: !prefs.value.mirror })}
        >
          {t('menu.mirror')}
        </TapButton>
        <TapButton id="engineer" onTap={() => go('engineer')}>
          {t('menu.engineer')}
        </TapButton>
        <TapButton onTap={close}>{t('card.close')}</TapButton>
      </div>
      <p class="small">{awake.value ? t('menu.awake') : t('menu.not_awake')}</p>
    </section>
  );
}

/** Hold a bank card to the screen: that tells how many pixels a millimetre has. */
function Size() {
  const { pxPerMm } = prefs.value;
  const set = (value: number) => setPrefs({ pxPerMm: Math.max(3, Math.min(14, value)) });
  return (
    <div class="size">
      <p>{t('menu.size', { n: number(20 * pxPerMm) })}</p>
      <div class="bank-card" style={{ width: `${CARD_MM * pxPerMm}px` }} />
      <div class="tiles">
        <TapButton label={t('menu.smaller')} onTap={() => set(pxPerMm - 0.1)}>
          −
        </TapButton>
        <TapButton label={t('menu.larger')} onTap={() => set(pxPerMm + 0.1)}>
          +
        </TapButton>
        <TapButton onTap={() => set(DEFAULT_PX_PER_MM)}>{t('menu.reset')}</TapButton>
      </div>
    </div>
  );
}
