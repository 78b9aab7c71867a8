/** README.md and the pages of docs/protocols, done as they say: every command and every frame in them, in order, against the server they start. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, Terminal, blocksOf, linksOf, readDocument } from '../support/documents.ts';
import type { Command, Said } from '../support/documents.ts';
import { Inbox } from '../support/inbox.ts';

const README = 'README.md';
const STREAM = 'docs/protocols/stream.md';
const MANAGEMENT = 'docs/protocols/management.md';
const MESSENGER_REST = 'docs/protocols/messenger-rest.md';
const API_TOKEN = 'api-token-of-the-documents';
const ID = /^[1-9][0-9]{14,15}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

const folder = mkdtempSync(join(tmpdir(), 'switchboard-readme-'));
const data = join(folder, 'data');
/** The terminal in which the server runs. */
const first = new Terminal({ SWITCHBOARD_PORT: '0', SWITCHBOARD_DATA: data, SWITCHBOARD_API_TOKEN: API_TOKEN });
/** The terminal in which the reader types everything else. */
let second: Terminal;
let server: Command;
let readyLine: string;
let url: string;
let pid: number;

beforeAll(async () => {
  const [start = ''] = blocksOf(README)[0]?.text.split('\n') ?? [];
  server = first.type(start);
  const ready = await server.says(/^switchboard ready url=(\S+) pid=(\d+)$/m);
  [readyLine, url, pid] = [ready[0], ready[1] ?? '', Number(ready[2])];
  second = new Terminal({ SWITCHBOARD_PORT: new URL(url).port, SWITCHBOARD_DATA: data, API_TOKEN });
});
afterAll(async () => {
  await second[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The blocks of a document that can be run, each taken once, in order, by how it begins. */
function runnable(path: string): (beginning: string) => string {
  const blocks = blocksOf(path).filter(({ language }) => language !== '');
  return (beginning) => {
    const text = blocks.shift()?.text ?? '';
    expect(text.slice(0, beginning.length === 0 ? undefined : beginning.length)).toBe(beginning);
    return text.replaceAll('http://127.0.0.1:8080', url);
  };
}

/** The JSON that commands end with. */
function answerOf({ out, err, code }: Said): unknown {
  expect(code, err).toBe(0);
  return JSON.parse(out.slice(out.indexOf('{')));
}

const anId = expect.stringMatching(ID);
const aTime = expect.stringMatching(TIME);

describe('the links', () => {
  it.each([
    README,
    STREAM,
    MANAGEMENT,
    MESSENGER_REST,
    'docs/protocols/messenger.md',
    'docs/protocols/files.md',
    'docs/adr/README.md',
    'examples/README.md',
  ])('of %s lead to what is there', (path) => {
    const links = linksOf(path);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(ROOT, link)))).toEqual([]);
  });
});

describe('README.md', () => {
  const take = runnable(README);

  it('starts the server, which says so in the line that is shown', () => {
    expect(take('npm start').split('\n')).toEqual([
      expect.stringMatching(/^npm start +# /),
      expect.stringMatching(/^npm test +# /),
      '',
    ]);
    const shown = blocksOf(README)
      .find(({ language }) => language === '')
      ?.text.trim();
    expect(shown?.replace('http://127.0.0.1:8080', url).replace('1234', String(pid))).toBe(readyLine);
  });

  it('makes tokens for Ada and Bob, and Bob known', async () => {
    expect(answerOf(await second.run(take('ADA=$(npm run')))).toMatchObject({ id: '2', name: 'Bob', role: 'user' });
  });

  it('sends over HTTP: the answer is the postmark, and the same when it is sent again', async () => {
    const send = take('curl http://127.0.0.1:8080/message/chat/send');
    const answer = answerOf(await second.run(send));
    expect(answer).toEqual({ category: 1, sender: '1', receiver: '2', unique_id: anId, timestamp: aTime });
    expect(answerOf(await second.run(send))).toEqual(answer);
  });

  it('listens, until Ctrl+C, to what was missed and to what comes', async () => {
    const listening = second.type(take('npm run -s switchboard -- listen'));
    await listening.says(/^\S+Z {2}private 1 → 2 {2}#\d+ {2}hello from curl$/m);
    expect(answerOf(await second.run(take('npx buf curl')))).toMatchObject({ sender: '1', receiver: '2', uniqueId: anId });
    await listening.says(/^\S+Z {2}private 1 → 2 {2}#\d+ {2}hello from gRPC$/m);
    listening.ctrlC();
    const { out } = await listening.ended;
    expect(out.match(/hello from curl/g)).toHaveLength(1);
  });

  it('makes a group', async () => {
    expect(answerOf(await second.run(take('curl http://127.0.0.1:8080/api/conversations')))).toMatchObject({
      id: anId,
      kind: 'group',
      name: 'Team',
      members: [
        { userId: '1', role: 'owner' },
        { userId: '2', role: 'member' },
      ],
    });
  });

  it('names the commands there are, all with --json, and the scripts there are', async () => {
    const text = readDocument(README);
    const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: object };
    const named = Array.from(text.matchAll(/npm run (?:-s )?(\w+)/g), ([, script]) => script);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
    const [, sentence = ''] = /`(npm run -s switchboard -- help)` lists the commands: (.*?) All take/s.exec(text)?.slice(1) ?? [];
    const commands = Array.from(sentence.replaceAll(/\(.*?\)/gs, '').matchAll(/`([a-z ]+)`/g), ([, name]) => name);
    const said = await second.run('npm run -s switchboard -- help --json');
    const known = JSON.parse(said.out) as { name: string; options: { name: string }[] }[];
    expect(commands.length).toBeGreaterThan(5);
    expect(known.map(({ name }) => name).filter((name) => name !== 'help' && name !== 'version')).toEqual(commands);
    expect(known.filter(({ options }) => !options.some(({ name }) => name === 'json'))).toEqual([]);
  });

  it('is embedded by a program of one’s own, which links the checkout', async () => {
    const program = join(folder, 'program');
    mkdirSync(program);
    writeFileSync(join(program, 'package.json'), '{"name": "program", "version": "1.0.0", "type": "module"}');
    writeFileSync(join(program, 'program.ts'), take('import { createSwitchboard'));
    const [, install = ''] = /`(npm install \.\.\/switchboard)`/.exec(readDocument(README)) ?? [];
    // What is linked comes from no registry.
    await using terminal = new Terminal({ npm_config_offline: 'true' }, program);
    const { code, err } = await terminal.run(install.replace('../switchboard', ROOT));
    expect(code, err).toBe(0);
    const said = await terminal.run(`'${process.execPath}' program.ts`);
    expect(said).toMatchObject({ out: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\n$/), code: 0 });
    // An embedded server logs as any other: lines of JSON.
    const lines = said.err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string });
    expect(lines.map(({ msg }) => msg)).toEqual(['listening', 'draining', 'closed']);
    expect(existsSync(join(program, 'data', 'jwt-secret'))).toBe(true);
  });

  it('has nothing to run that was not run here', () => {
    expect(take('')).toBe('');
  });
});

/** Somebody in a sample session, on one WebSocket. */
class Person {
  readonly frames = new Inbox<unknown>();
  readonly #socket: WebSocket;
  readonly opened: Promise<void>;
  readonly #closed: Promise<unknown>;

  constructor(address: string) {
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.addEventListener('close', resolve));
    this.opened = new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('close', ({ code, reason }) => {
        const closed = new Error(`closed: ${code} ${reason}`);
        reject(closed);
        this.frames.end(closed);
      });
    });
    socket.addEventListener('message', ({ data: text }) => this.frames.push(JSON.parse(String(text))));
  }

  say(frame: string): void {
    this.#socket.send(frame);
  }

  async leave(): Promise<void> {
    this.#socket.close(1000);
    await this.#closed;
  }
}

/** A list in a sample frame that is described and not shown. */
const SOME = '…';

describe('docs/protocols/stream.md', () => {
  const take = runnable(STREAM);
  const people = new Map<string, Person>();
  /** Ids in the document to those that stand for them here. */
  const ids = new Map<string, string>();

  async function connect(name: string, path = '/message/chat?token='): Promise<Person> {
    const sub = name.startsWith('Ada') ? '1' : '2';
    const minted = await fetch(`${url}/api/tokens`, {
      method: 'POST',
      headers: { 'api-token': API_TOKEN, 'content-type': 'application/json' },
      body: JSON.stringify({ sub }),
    });
    const { token } = (await minted.json()) as { token: string };
    const person = new Person(url.replace('http', 'ws') + path.replace(/<.*>/, '') + token);
    await person.opened;
    people.set(name, person);
    return person;
  }

  function find(name: string): Person {
    const person = people.get(name);
    if (person === undefined) throw new Error(`${name} is not connected`);
    return person;
  }

  /** What the document shows, with the ids and times of this run where they have the right form. */
  function liken(shown: unknown, got: unknown): unknown {
    if (typeof shown === 'string' && ID.test(shown)) {
      if (typeof got === 'string' && ID.test(got) && !ids.has(shown)) ids.set(shown, got);
      return ids.get(shown) ?? shown;
    }
    if (typeof shown === 'string' && TIME.test(shown)) return aTime;
    if (shown === SOME) return Array.isArray(got) && got.length >= 1 && got.length <= 100 ? got : shown;
    if (Array.isArray(shown)) return shown.map((item, at) => liken(item, Array.isArray(got) ? got[at] : undefined));
    if (typeof shown !== 'object' || shown === null) return shown;
    return Object.fromEntries(
      Object.entries(shown).map(([key, value]) => [key, liken(value, (got as Record<string, unknown> | undefined)?.[key])]),
    );
  }

  /** One line of a session: a frame that is sent, or one that comes. Returns what came. */
  async function replay(line: string): Promise<unknown> {
    const [, name = '', arrow, what = ''] = /^(Ada|Bob) (→|←) (.*)$/.exec(line) ?? [];
    expect(arrow, line).toBeDefined();
    const path = /^GET (\S+>) +Upgrade: websocket$/.exec(what)?.[1];
    if (path !== undefined) return connect(name, path);
    // The upgrade was answered before anything else could be done.
    if (what === '101') return find(name).opened;
    if (arrow === '→') return find(name).say(what.replaceAll(/\d{15,}/g, (id) => ids.get(id) ?? id));
    const shown: unknown = JSON.parse(what.replace(/\[ … .* … \]/, JSON.stringify(SOME)));
    const got = await find(name).frames.next();
    expect(got, line).toEqual(liken(shown, got));
    return got;
  }

  async function replayAll(text: string): Promise<void> {
    for (const line of text.trim().split('\n')) await replay(line);
  }

  const sessions = blocksOf(STREAM).filter(({ language }) => language === '');

  afterAll(async () => {
    await Promise.all(Array.from(people.values(), (person) => person.leave()));
  });

  it('shows what is sent and what everybody gets', async () => {
    expect(sessions).toHaveLength(4);
    await connect('Bob');
    const phone = await connect('Ada’s phone');
    const [sending, receiving, reading] = sessions.map(({ text }) => text);
    await replayAll(sending ?? '');
    await replayAll(receiving ?? '');
    const [shown = ''] = /(?<=← ).*/.exec(receiving ?? '') ?? [];
    const got = await phone.frames.next();
    expect(got, 'Ada’s other device').toEqual(liken(JSON.parse(shown), got));
    await replayAll(reading ?? '');
  });

  it('shows how to come back: what was missed, then the empty page, then what comes', async () => {
    const [asking = '', page = '', last = ''] = sessions[3]?.text.trim().split('\n') ?? [];
    await find('Bob').leave();
    const ada = find('Ada');
    const write = async (sn: string): Promise<void> => {
      const post = { postmark: { category: 1, sender: 1, receiver: 2 }, type: 'TYPE_TEXT', text: { content: sn } };
      ada.say(JSON.stringify({ sn, type: 2, postbox: { posts: [post] } }));
      expect(await ada.frames.next()).toMatchObject({ sn });
    };
    await write('missed 1');
    await write('missed 2');
    const bob = await connect('Bob');
    await replay(asking);
    const { postbox } = (await replay(page)) as { postbox: { posts: { type: number; text?: { content: string } }[] } };
    expect(postbox.posts.filter(({ type }) => type === 1).map(({ text }) => text?.content)).toEqual(['missed 1', 'missed 2']);
    await replay(last);
    await write('live');
    expect(await bob.frames.next()).toMatchObject({ postbox: { posts: [{ text: { content: 'live' } }] } });
    expect(new Set(ids.values()).size).toBe(ids.size);
  });

  it('shows a notice to whoever is connected', async () => {
    expect(answerOf(await second.run(take('curl http://127.0.0.1:8080/message/inner/chat/deliver')))).toEqual({});
    const notice = { sn: anId, postbox: { posts: [{ text: { content: 'maintenance at ten' } }] } };
    expect(await find('Bob').frames.next()).toMatchObject(notice);
  });

  it('has nothing to run that was not run here', () => {
    expect(take('')).toBe('');
  });
});

describe('docs/protocols/management.md', () => {
  const take = runnable(MANAGEMENT);

  it('names the options of the server that its session needs', () => {
    expect(readDocument(MANAGEMENT)).toContain('`npm start -- --port 8080 --api-token my-secret`');
  });

  it('shows two people who sign up and write, and a back end', async () => {
    const session = take('URL=http://127.0.0.1:8080').replaceAll('my-secret', API_TOKEN);
    const { out, err, code } = await second.run(session);
    expect(code, err).toBe(0);
    const answers = out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const hello = {
      id: anId,
      conversationId: anId,
      index: 1,
      senderId: anId,
      state: 'sent',
      type: 'text',
      text: 'Hello',
      sentAt: aTime,
    };
    expect(answers).toEqual([
      hello,
      answers[0],
      { conversations: [expect.objectContaining({ kind: 'group', name: 'Team', unreadCount: 1, lastMessage: answers[0] })] },
      { conversationId: anId, unreadCount: 0, lastIndex: 1, readIndex: 1, deliveredIndex: 1 },
      { ...hello, index: 2, text: 'Hello, Alice' },
      { sessions: expect.any(Array) },
      { error: { code: 'not_found', message: expect.any(String) } },
    ]);
  });

  it('has nothing to run that was not run here', () => {
    expect(take('')).toBe('');
  });
});

describe('docs/protocols/messenger-rest.md', () => {
  const take = runnable(MESSENGER_REST);

  it('shows two people who sign up, find each other and write, in any script', async () => {
    const { out, err, code } = await second.run(take('URL=http://127.0.0.1:8080'));
    expect(code, err).toBe(0);
    const [ivan, message, found] = out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(ivan).toMatchObject({ user: { id: anId, username: 'иван', name: 'Иван' } });
    expect(message).toMatchObject({ id: anId, content: 'Привет 👋', sender: { username: 'carol' } });
    expect(found).toEqual({ messages: [message], more: false });
  });

  it('has nothing to run that was not run here', () => {
    expect(take('')).toBe('');
  });
});

describe('Ctrl+C in the first terminal', () => {
  it('ends the server in order', async () => {
    server.ctrlC();
    expect(await server.ended).toMatchObject({ code: 0 });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
