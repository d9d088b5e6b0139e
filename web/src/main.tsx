import { render } from 'preact';
import './style.css';
import './engineer/engineer.css';
import { App } from './App';
import { showSettling, watchWake } from './core/guard';
import { setLanguage } from './core/i18n';
import { prefs } from './core/prefs';
import { start } from './core/transport';
import { keepAwake } from './core/wakelock';

showSettling();
watchWake();
void keepAwake();
void setLanguage(prefs.value.lang).then(() => {
  const root = document.getElementById('app');
  if (root) render(<App />, root);
  start();
});
