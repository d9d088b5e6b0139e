import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { differences } from './catalogues.ts';

/** What a tablet loads before it can show a question, gzipped: scripts and styles. */
const OPERATOR_BYTES = 60_000;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The build fails when a catalogue lacks a message, a placeholder or a plural form. */
function catalogues(): Plugin {
  const folder = here('./locales/');
  return {
    name: 'catalogues',
    buildStart() {
      const read = (file: string) => JSON.parse(readFileSync(folder + file, 'utf8'));
      const en = read('en.json');
      for (const file of readdirSync(folder)) {
        const problems = differences(en, read(file), file.replace('.json', ''));
        if (problems.length) this.error(`locales/${file}: ${problems.join('; ')}`);
      }
    },
  };
}

/** The build fails when the operator's part is too heavy for an old tablet. */
function budget(): Plugin {
  return {
    name: 'budget',
    generateBundle(_, bundle) {
      const wanted = new Set<string>();
      const add = (file: string) => {
        const chunk = bundle[file];
        if (wanted.has(file) || chunk?.type !== 'chunk') return;
        wanted.add(file);
        chunk.imports.forEach(add);
      };
      Object.values(bundle).forEach((b) => b.type === 'chunk' && b.isEntry && add(b.fileName));
      const chunks = [...wanted].map((name) => bundle[name]).filter((b) => b?.type === 'chunk');
      const styles = new Set(chunks.flatMap((b) => [...(b.viteMetadata?.importedCss ?? [])]));
      const parts = [
        ...chunks.map((b) => b.code),
        ...Object.values(bundle).flatMap((b) => (b.type === 'asset' && styles.has(b.fileName) ? [b.source] : [])),
      ];
      const bytes = parts.reduce((sum, part) => sum + gzipSync(part).length, 0);
      if (bytes > OPERATOR_BYTES) {
        this.error(`The operator's page has ${bytes} bytes gzipped; at most ${OPERATOR_BYTES}.`);
      }
      this.info(`operator's page: ${bytes} of ${OPERATOR_BYTES} bytes gzipped`);
    },
  };
}

/** The offline shell knows the files of this build by name. */
function offline(): Plugin {
  return {
    name: 'offline',
    enforce: 'post', // after Vite has dropped chunks that hold nothing but styles
    generateBundle(_, bundle) {
      const names = Object.keys(bundle).filter((n) => n.startsWith('assets/')).sort();
      const files = ['/', ...names.map((n) => `/${n}`)];
      const version = createHash('sha256').update(files.join()).digest('hex').slice(0, 12);
      const source = readFileSync(here('./sw.js'), 'utf8')
        .replace('const FILES = []', `const FILES = ${JSON.stringify(files)}`)
        .replace('VERSION', version);
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}

export default defineConfig({
  base: '/',
  plugins: [catalogues(), budget(), offline()],
  build: {
    target: 'chrome87',
    outDir: process.env['COBOT_AI_WEB_OUT'] ?? '../cobot_ai/_web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
  },
});
