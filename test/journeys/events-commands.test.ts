/** The commands about the feed: tail, replay, dead, trace. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/index.ts';
import { collectingSink } from '../support/collecting-sink.ts';
import { runHere } from '../support/command-line.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

const sink = collectingSink();
let server: TestServer;
let env: Record<string, string>;
let alice: number;
let bob: number;

beforeAll(async () => {
  server = await startServer({}, undefined, { sinks: [sink] });
  env = { SWITCHBOARD_URL: server.url, SWITCHBOARD_ADMIN_TOKEN: API_TOKENS.admin };
  [alice, bob] = await server.newUsers(2);
});
afterAll(() => server.close());

async function say(text: string): Promise<number> {
  const { message } = await server.chat.sendMessage(server.actor(alice), {
    target: { peer: bob },
    content: { kind: 'text', text },
  });
  await expect.poll(() => sink.taken.some(({ place }) => place === message.id)).toBe(true);
  return message.id;
}

test('trace: for people and for programs', async () => {
  const id = await say('hello');
  await expect.poll(async () => (await runHere(['trace', String(id)], env)).out).toMatch(/sink +collector {2}delivered/);
  const told = await runHere(['trace', String(id)], env);
  expect(told.out).toMatch(new RegExp(`message +${id}, number 1 of the private \\d+, sent`));
  expect(told.out).toMatch(new RegExp(`user +${bob} {2}not received`));
  expect(JSON.parse((await runHere(['trace', String(id), '--json'], env)).out)).toMatchObject({ messageId: String(id) });
  expect(await runHere(['trace', '12'], env)).toMatchObject({ code: 4 });
});

test('replay: a range once more, in steps', async () => {
  const before = await say('before');
  const ids = [await say('one'), await say('two')];
  const taken = sink.taken.length;
  const done = await runHere(
    ['events', 'replay', '--sink', 'collector', '--after', String(before), '--until', String(ids[1])],
    env,
  );
  expect(done).toMatchObject({ out: `2 events delivered, up to ${ids[1]}\n`, code: 0 });
  expect(sink.taken.slice(taken).map(({ place }) => place)).toEqual(ids);
  expect(await runHere(['events', 'replay', '--after', '0'], env)).toMatchObject({ code: 2 });
});

test('dead: listed, tried once more, let go', async () => {
  const ids = [await say('dead one'), await say('dead two')];
  const dead = ids.map((event) => ({ sink: 'collector', event, attempts: 8, error: 'it answered 400\u001b[2J', at: 5 }));
  await server.chat.core.committer.commit({ type: 'sink', sink: 'collector', position: 0, dead });
  const listed = await runHere(['events', 'dead'], env);
  expect(listed.out.split('\n')).toHaveLength(3);
  expect(listed.out).toContain(`collector  #${ids[0]}  8 attempts  it answered 400\\u001b[2J`);
  sink.answerWith(({ place }) => (place === ids[0] ? { type: 'delivered' } : { type: 'refused', why: 'no' }));
  expect((await runHere(['events', 'dead', '--sink', 'collector', '--retry'], env)).out).toBe('1 dead letters less\n');
  sink.answerWith();
  expect(JSON.parse((await runHere(['events', 'dead', '--json'], env)).out)).toMatchObject({ place: String(ids[1]) });
  expect((await runHere(['events', 'dead', '--sink', 'collector', '--drop'], env)).out).toBe('1 dead letters less\n');
  expect(await runHere(['events', 'dead'], env)).toMatchObject({ out: '', err: 'There are no dead letters.\n' });
  expect(await runHere(['events', 'dead', '--retry'], env)).toMatchObject({ code: 2 });
});

test('dead: several sinks that refused one event are all told of, whatever the page', async () => {
  const ids = [await say('refused one'), await say('refused two')];
  const dead = (name: string) => ids.map((event) => ({ sink: name, event, attempts: 8, error: 'no', at: 5 }));
  const { committer } = server.chat.core;
  for (const name of ['collector', 'other']) await committer.commit({ type: 'sink', sink: name, position: 0, dead: dead(name) });
  const told: string[] = [];
  for (let after: string | undefined = '0'; after !== undefined;) {
    const answer = await fetch(`${server.url}/api/events/dead?limit=1&after=${after}`, {
      headers: { 'api-token': API_TOKENS.admin },
    });
    const page = (await answer.json()) as { dead: { sink: string; place: string }[]; next?: string };
    told.push(...page.dead.map((letter) => `${letter.sink} ${letter.place}`));
    after = page.next;
  }
  expect(told).toEqual(ids.flatMap((id) => [`collector ${id}`, `other ${id}`]));
  for (const name of ['collector', 'other']) await committer.commit({ type: 'drop-dead', sink: name, events: ids });
});

test('tail: what happens from now on, or behind a place, until it is stopped', async () => {
  const old = await say('old');
  const lines: string[] = [];
  const stop = new AbortController();
  const words = ['events', 'tail', '--type', 'personalChatSent', '--after', String(old - 1), '--json'];
  const io = { out: (line: string) => void lines.push(line), err: () => undefined, env, stopped: () => stop.signal };
  const running = runCommandLine(words, io);
  await expect.poll(() => lines.length).toBe(1);
  await say('new');
  await expect.poll(() => lines.length).toBe(2);
  expect(lines.map((line) => JSON.parse(line).payload.personalChatSent.payload)).toEqual(['old', 'new']);
  stop.abort();
  expect(await running).toBe(0);
});
