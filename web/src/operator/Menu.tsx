/** Language, colours, sound, name, finger size and the way to the engineer's screens. */
import { lang, languages, number, setLanguage, t, tr } from '../core/i18n';
import { DEFAULT_PX_PER_MM, prefs, setPrefs, THEMES } from '../core/prefs';
import { me, mayOpen } from '../core/me';
import { AREAS, go } from '../core/route';
import { mute, muted, play, soundReady } from '../core/sound';
import { awake } from '../core/wakelock';
import { LogOut } from '../ui/Areas';
import { Glyph } from '../ui/Glyph';
import { HoldButton } from '../ui/HoldButton';
import { TapButton } from '../ui/TapButton';
import { useEffect, useState } from 'preact/hooks';

const CARD_MM = 85.6;

export function Menu({ close }: { close: () => void }) {
  return (
    <section class="menu">
      <div class="sheet-head">
        <h1>{t('menu.title')}</h1>
        <TapButton id="close" onTap={close}>
          {t('card.close')}
        </TapButton>
      </div>
      <Group title={t('menu.language')}>
        {languages.map(([code, name]) => (
          <TapButton key={code} pressed={lang.value === code} onTap={() => void setLanguage(code)}>
            <span lang={code}>{name}</span>
          </TapButton>
        ))}
      </Group>
      <Group title={t('menu.theme')}>
        {THEMES.map((theme) => (
          <TapButton key={theme} pressed={prefs.value.theme === theme} onTap={() => setPrefs({ theme })}>
            {tr('theme', theme)}
          </TapButton>
        ))}
      </Group>
      <Sound />
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
      <Group title={t('menu.screen')}>
        <TapButton
          pressed={prefs.value.mirror}
          onTap={() => setPrefs({ mirror: !prefs.value.mirror })}
        >
          {t('menu.mirror')}
        </TapButton>
        <FullScreen />
      </Group>
      <Group title={t('area.title')}>
        {AREAS.filter((a) => a !== 'operator' && mayOpen(a)).map((a) => (
          <TapButton key={a} id={a} onTap={() => go(a)}>
            {t(`area.${a}`)}
          </TapButton>
        ))}
        {me.value?.login && <LogOut />}
      </Group>
      <p>{awake.value ? t('menu.awake') : t('menu.not_awake')}</p>
      <p>{t('menu.keys')}</p>
    </section>
  );
}

function Group({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <div class="group" role="group" aria-label={title}>
      <h2>{title}</h2>
      <div class="tiles">{children}</div>
    </div>
  );
}

function Sound() {
  return (
    <Group title={t('menu.sound')}>
      <TapButton id="mute" pressed={muted.value} onTap={() => mute(!muted.value)}>
        <Glyph name={muted.value ? 'quiet' : 'loud'} />
        {muted.value ? t('sound.unmute') : t('sound.mute')}
      </TapButton>
      <TapButton disabled={muted.value} onTap={() => play(2)}>
        {t('sound.try')}
      </TapButton>
      {!soundReady.value && <p>{t('sound.blocked')}</p>}
    </Group>
  );
}

/** In, with a tap; out, only by holding: nobody leaves the page by accident. */
function FullScreen() {
  const [full, setFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  if (!document.fullscreenEnabled) return null;
  if (full) {
    return (
      <HoldButton onDone={() => void document.exitFullscreen().catch(() => undefined)}>
        {t('menu.leave_fullscreen')}
      </HoldButton>
    );
  }
  const enter = () => void document.documentElement.requestFullscreen().catch(() => undefined);
  return <TapButton onTap={enter}>{t('menu.fullscreen')}</TapButton>;
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
