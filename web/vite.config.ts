import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { differences } from './catalogues.ts';

/** The build fails when a catalogue lacks a message or a placeholder. */
function catalogues(): Plugin {
  const folder = fileURLToPath(new URL('./locales/', import.meta.url));
  return {
    name: 'catalogues',
    buildStart() {
      const read = (file: string) => JSON.parse(readFileSync(folder + file, 'utf8'));
      const en = read('en.json');
      for (const file of readdirSync(folder)) {
        const problems = differences(en, read(file));
        if (problems.length) this.error(`locales/${file}: ${problems.join('; ')}`);
      }
    },
  };
}

export default defineConfig({
  base: '/',
  plugins: [catalogues()],
  build: {
    target: 'chrome87',
    outDir: process.env['COBOT_AI_WEB_OUT'] ?? '../cobot_ai/_web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
  },
});
