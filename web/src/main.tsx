import { render } from 'preact';
import './style.css';
import './card.css';
import './engineer/engineer.css';
import { App } from './App';
import { showSettling, watchWake } from './core/guard';
import { setLanguage } from './core/i18n';
import { registerOffline } from './core/offline';
import { prefs } from './core/prefs';
import { prepareSound } from './core/sound';
import { followTheme } from './core/theme';
import { start } from './core/transport';
import { keepAwake } from './core/wakelock';
import { callForAttention } from './operator/attention';

followTheme();
showSettling();
watchWake();
prepareSound();
callForAttention();
void keepAwake();
const asked = new URLSearchParams(location.search).get('lang');
void setLanguage(asked ?? prefs.value.lang).then(() => {
  const root = document.getElementById('app');
  if (root) render(<App />, root);
  start();
  registerOffline();
});
