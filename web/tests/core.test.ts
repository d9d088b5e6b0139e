import { describe, expect, it } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { differences } from '../catalogues.ts';
import { Guard } from '../src/core/guard';
import { COMES_MS, Held, LETS_GO_MS } from '../src/core/held';
import type { Command, Entry, EvidenceChannel, Reply } from '../src/core/schema';
import { apply, corrected, EMPTY, follows, fromSnapshot, nextFor, queue } from '../src/core/state';
import { pseudo } from '../src/core/pseudo';
import { sinceOf } from '../src/core/since';
import { bounds, labels, outside, runs } from '../src/ui/trace-math';

const BODY = {
  context: 'c',
  facts: {},
  why: 'no_model',
  classes: [],
  open_classes: false,
  text: {},
  deadline_s: 40,
  undo_s: 5,
  lease_s: 15,
  deadline_wall_ns: 0,
  fail_safe: 'hold',
};
const entry = (seq: number, kind: string, body: object, caseId = 1, left_ms?: number): Entry => ({
  seq,
  t_ns: 0,
  kind,
  case: caseId,
  body: body as Record<string, unknown>,
  ...(left_ms === undefined ? {} : { left_ms }),
});
const who = { by: 'Maria', tablet: 't1' };
const story = (entries: Entry[], now = 1000) => entries.reduce((s, e) => apply(s, e, now), EMPTY);

describe('pseudo-locale', () => {
  it('is 40 % longer and keeps what is filled in', () => {
    const text = pseudo({ a: 'Not accepted: {reason}' }).a;
    expect(text.length).toBeGreaterThanOrEqual('Not accepted: {reason}'.length * 1.4);
    expect(text).toContain('{reason}');
  });
});

describe('state', () => {
  it('counts down from the time left at delivery', () => {
    const ask = story([entry(1, 'ask', BODY, 1, 12_000)]).asks.get(1);
    expect(ask?.deadlineAt).toBe(13_000);
  });

  it('an accepted answer opens the undo window, an undo closes it with a new epoch', () => {
    const given = story([
      entry(1, 'ask', BODY),
      entry(2, 'claim', { ...who, epoch: 1, lease_s: 15 }),
      entry(3, 'answer', { ...who, label: 'good', epoch: 1, status: 'accepted' }),
    ]);
    expect(given.asks.get(1)).toMatchObject({ epoch: 1, holder: null, given: { label: 'good' } });
    const undone = apply(given, entry(4, 'undo', { ...who, epoch: 2 }), 2000);
    expect(undone.asks.get(1)).toMatchObject({ epoch: 2, given: null });
  });

  it('a conflict or late answer changes nothing that counts', () => {
    const state = story([
      entry(1, 'ask', BODY),
      entry(2, 'answer', { ...who, label: 'good', epoch: 0, status: 'accepted' }),
      entry(3, 'answer', { by: 'Ana', tablet: 't2', label: 'bad', epoch: 0, status: 'conflict' }),
    ]);
    expect(state.asks.get(1)?.given?.label).toBe('good');
  });

  it('knows the next entry, old ones and gaps', () => {
    const state = story([entry(1, 'start', { cell: 'x' }), entry(2, 'ask', BODY)]);
    expect([1, 2, 3, 4].map((n) => follows(state, entry(n, 'label', {})))).toEqual([
      'known',
      'known',
      'next',
      'gap',
    ]);
  });

  it('a snapshot gives what the entries give', () => {
    const entries = [
      entry(1, 'start', { cell: 'cell' }),
      entry(2, 'ask', BODY, 1, 5000),
      entry(7, 'claim', { ...who, epoch: 1, lease_s: 15 }),
    ];
    const state = fromSnapshot({ ledger: 'l', seq: 9, entries }, 1000);
    expect(state).toEqual({ ...story(entries), ledger: 'l', seq: 9 });
  });

  it('the queue is in order of deadline and offers what nobody else holds', () => {
    const state = story([
      entry(1, 'ask', BODY, 1, 9000),
      entry(2, 'ask', BODY, 2, 3000),
      entry(3, 'claim', { ...who, epoch: 1, lease_s: 15 }, 2),
    ]);
    expect(queue(state).map((a) => a.case)).toEqual([2, 1]);
    expect(nextFor(state, 't1')?.case).toBe(2);
    expect(nextFor(state, 't2')?.case).toBe(1);
  });

  it('the heartbeat corrects every countdown', () => {
    const state = story([entry(1, 'ask', BODY, 1, 9000)]);
    const pulse = { age_ms: 0, state: { asks: { '1': { left_ms: 4000 } } } };
    expect(corrected(state, pulse, 5000).asks.get(1)?.deadlineAt).toBe(9000);
  });
});

describe('held or about to go on', () => {
  const reasons = [{ key: 'case' as const, n: 7 }];
  const known = (action: string | null, resolvedAt = 0) => {
    const resolution = action === null ? null : { outcome: 'answered', action };
    return { asks: new Map([[7, { resolution, resolvedAt }]]), steps: [{ case: 7 }] } as never;
  };
  const stays = (phase: string, state: never, now: number) => new Held().stays(reasons, phase, state, now);

  it('a hold whose question was answered is let go, however long the robot takes', () => {
    expect(stays('held', known('continue'), LETS_GO_MS - 1)).toBe(false);
    expect(stays('resuming', known('continue'), 10 * LETS_GO_MS)).toBe(false);
    expect(stays('held', known('continue'), 10 * LETS_GO_MS)).toBe(true);
  });
  it('an answer after which it stays held, an open question and other reasons hold', () => {
    expect(stays('resuming', known('stop'), 1)).toBe(true);
    expect(stays('held', known(null), 1)).toBe(true);
    expect(new Held().stays([...reasons, { key: 'person', by: 'Eva' }], 'resuming', known('continue'), 1)).toBe(true);
  });
  it('the heartbeat may name a question before it is here, but not for long and not an old one', () => {
    const held = new Held();
    const next = [{ key: 'case' as const, n: 8 }];
    expect(held.stays(next, 'held', known('continue'), 100)).toBe(false);
    expect(held.stays(next, 'held', known('continue'), 100 + COMES_MS)).toBe(true);
    expect(held.stays([{ key: 'case', n: 3 }], 'held', known('continue'), 100)).toBe(true);
  });
});

describe('guard', () => {
  it('ignores taps 700 ms after a change and 500 ms after waking', () => {
    const guard = new Guard();
    expect(guard.accepts(0)).toBe(true);
    guard.changed(1000);
    expect([1699, 1700].map((t) => guard.accepts(t))).toEqual([false, true]);
    guard.woke(5000);
    expect([5499, 5500].map((t) => guard.accepts(t))).toEqual([false, true]);
  });

  it('refuses a tap that went down before the change', () => {
    const guard = new Guard();
    guard.changed(1000);
    expect(guard.accepts(999)).toBe(false);
  });
});

describe('outbox', async () => {
  const store: Record<string, string> = {};
  const hidden = (value: unknown) => ({ value, enumerable: false });
  const localStorage = Object.defineProperties(store, {
    getItem: hidden((k: string) => store[k] ?? null),
    setItem: hidden((k: string, v: string) => (store[k] = v)),
    removeItem: hidden((k: string) => delete store[k]),
  });
  Object.assign(globalThis, { localStorage });
  const { Outbox } = await import('../src/core/outbox');
  const reply = (c: Command, status: Reply['status']): Reply => ({ key: c.key, ok: true, status });

  it('repeats under the same key until there is an answer, also after a reload', async () => {
    const sent: string[] = [];
    const waiting: (() => void)[] = [];
    let outbox = new Outbox(
      async (c) => {
        sent.push(c.key);
        if (sent.length === 1) throw new Error('offline');
        return reply(c, sent.length < 4 ? 'pending' : 'accepted');
      },
      (f) => waiting.push(f),
    );
    const flush = async () => {
      await new Promise((r) => setTimeout(r));
      waiting.shift()?.();
      await new Promise((r) => setTimeout(r));
    };
    outbox.put({ kind: 'review', case: 1, label: 'good', by: 'a', tablet: 'b' });
    await flush();
    outbox = new Outbox(async (c) => (sent.push(c.key), reply(c, 'accepted')));
    expect(outbox.items.value).toHaveLength(1);
    outbox.flushAll();
    await flush();
    expect(outbox.items.value).toHaveLength(0);
    expect(new Set(sent).size).toBe(1);
    expect(sent.length).toBeGreaterThan(2);
  });

  it('sends what was said about a case in the order it was said, whatever is tried again', async () => {
    const sent: string[] = [];
    const again: (() => void)[] = [];
    const outbox = new Outbox(
      async (c) => (sent.push(`${c.kind} ${'case' in c && c.case}`), reply(c, sent.length === 1 ? 'busy' : 'done')),
      (f) => again.push(f),
    );
    const who = { by: 'a', tablet: 'b' };
    outbox.put({ kind: 'review', case: 1, label: 'good', ...who });
    await new Promise((r) => setTimeout(r));
    outbox.put({ kind: 'unreview', case: 1, ...who });
    outbox.put({ kind: 'review', case: 2, label: 'good', ...who });
    outbox.flushAll();
    again.shift()?.();
    await new Promise((r) => setTimeout(r));
    expect(sent.filter((s) => s.endsWith('1'))).toEqual(['review 1', 'review 1', 'unreview 1']);
    expect(sent).toContain('review 2');
    expect(outbox.items.value).toHaveLength(0);
  });

  it('keeps what two windows of a tablet wait for, and both of it is sent', async () => {
    const offline = () => Promise.reject(new Error('offline'));
    const never = () => undefined;
    const [one, two] = [new Outbox(offline, never), new Outbox(offline, never)];
    const draft = { kind: 'report', case: 0, what: 'odd', reason: 'x', by: 'a', tablet: 'b' } as const;
    const keys = [one.put(draft), two.put(draft)];
    const sent: string[] = [];
    const next = new Outbox(async (c) => (sent.push(c.key), reply(c, 'accepted')));
    next.flushAll();
    await new Promise((r) => setTimeout(r));
    expect(sent.sort()).toEqual(keys.sort());
    expect(Object.keys(store)).toEqual(['cobot_ai.prefs']);
  });

  it('sends what moves the robot or the model once, keeps it nowhere and says so', async () => {
    const waiting: (() => void)[] = [];
    const told: [string, string][] = [];
    const sent: string[] = [];
    store['cobot_ai.outbox.1.from-long-ago'] = JSON.stringify({ kind: 'resume', key: 'from-long-ago' });
    const outbox = new Outbox(
      (c) => (sent.push(c.kind), Promise.reject(new Error('offline'))),
      (f) => waiting.push(f),
    );
    expect(outbox.items.value).toHaveLength(0);
    outbox.onReply = (c, r) => told.push([c.kind, r.reason ?? '']);
    const who = { by: 'a', tablet: 'b' };
    outbox.put({ kind: 'resume', hold: 3, ...who });
    outbox.put({ kind: 'maintenance', on: true, ...who });
    expect(Object.keys(store)).toEqual(['cobot_ai.prefs', 'cobot_ai.outbox.1.from-long-ago']);
    await new Promise((r) => setTimeout(r));
    outbox.flushAll();
    expect(sent).toEqual(['resume', 'maintenance']);
    expect(waiting).toHaveLength(0);
    expect(told).toEqual([
      ['resume', 'no_reply'],
      ['maintenance', 'no_reply'],
    ]);
  });
});

describe('trace', () => {
  const channel = {
    name: 'x',
    unit: '',
    text: {},
    t: [0, 1, 2, 3],
    value: [0, null, 5, 1],
    low: [-1, -1, -1, null],
    high: [1, 1, 1, null],
    score: 0,
  } as EvidenceChannel;

  it('breaks the line where nothing was measured', () => {
    expect(runs(4, (i) => channel.value[i] != null)).toEqual([
      [0, 0],
      [2, 3],
    ]);
  });
  it('marks only what is measured and outside the band', () => {
    expect([0, 1, 2, 3].map((i) => outside(channel, i))).toEqual([false, false, true, false]);
  });
  it('never writes the same label at both ends of an axis', () => {
    const write = (v: number, digits: number) => v.toPrecision(digits);
    expect(labels(100.001, 100.002, write)[0]).not.toBe(labels(100.001, 100.002, write)[1]);
    expect(labels(2, 2, write)).toEqual(['2.00', '']);
  });
  it('has a range that holds everything, and none when nothing was measured', () => {
    const range = bounds(channel);
    expect(range && range.low < -1 && range.high > 5).toBe(true);
    expect(bounds({ ...channel, value: [null], low: null, high: null })).toBeNull();
  });
});

describe('catalogues', () => {
  const folder = new URL('../locales/', import.meta.url);
  const load = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const en = load('en.json');

  it.each(readdirSync(folder))('%s is complete', (file) => {
    expect(differences(en, load(file), file.replace('.json', ''))).toEqual([]);
  });
  it('finds what is missing, too much or has other placeholders', () => {
    const en = { a: 'x {n}', b: 'y', c: '{n, plural, one {# z} other {# zs}}', e: 'z' };
    const odd = { a: 'x {m}', c: '{n, plural, one {# q} other {# q}}', d: '', e: '<b>z' };
    expect(differences(en, odd, 'en')).toEqual([
      '"b" is missing',
      '"d" is not in en.json',
      '"a" has other placeholders than in en.json',
      '"e" must not hold markup',
    ]);
    expect(differences({ c: en.c }, { c: odd.c }, 'pl')).toEqual([
      '"c" lacks the plural form many, few',
    ]);
  });
});

describe('format', async () => {
  const { format } = await import('../src/core/i18n');
  it('fills names, numbers and plurals', () => {
    const message = '{n, plural, one {# question} other {# questions}} for {by}';
    expect(format(message, { n: 1, by: 'Ana' }, 'en')).toBe('1 question for Ana');
    expect(format(message, { n: 1200, by: 'Ana' }, 'de')).toBe('1.200 questions for Ana');
    const polish = '{n, plural, one {# raz} few {# razy} many {# razów} other {# raza}}';
    expect([1, 3, 5, 22].map((n) => format(polish, { n }, 'pl'))).toEqual([
      '1 raz', '3 razy', '5 razów', '22 razy',
    ]);
  });
});

describe('since when the line is as it is', () => {
  const aged = (seq: number, kind: string, age_ms: number | null, by = '') => ({ ...entry(seq, kind, { by }, 0), age_ms });
  it('is the newest thing that can have begun it', () => {
    const state = story([aged(1, 'start', 900), aged(2, 'resume', 500), aged(3, 'resolution', 200)]);
    expect(sinceOf('running', state, [])).toBe(800);
    expect(sinceOf('maintenance', state, [])).toBeNull();
  });
  it('counts a hold from its first stage, and anew after a resume', () => {
    const held = [aged(1, 'hold', 700), aged(2, 'hold', 300)];
    expect(sinceOf('held', story(held), [])).toBe(300);
    expect(sinceOf('held', story([...held, aged(3, 'resume', 200), aged(4, 'hold', 100)]), [])).toBe(900);
  });
  it('is unknown where no clock can tell', () => {
    expect(sinceOf('maintenance', story([aged(1, 'maintenance', null)]), [])).toBeNull();
  });
});
