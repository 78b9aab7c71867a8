/** Every program of examples/, run by the command that examples/README.md gives for it, against a server. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSwitchboard, parseConfig } from '../../src/compose.ts';
import type { Switchboard } from '../../src/compose.ts';
import { ROOT, Terminal, blocksOf, readDocument } from '../support/documents.ts';
import type { Said } from '../support/documents.ts';
import { freePort } from '../support/free-port.ts';

const README = 'examples/README.md';
const commands = blocksOf(README).map(({ text }) => text);

const data = mkdtempSync(join(tmpdir(), 'switchboard-examples-'));
let server: Switchboard;
let terminal: Terminal;

beforeAll(async () => {
  const [, apiToken = ''] = /`npm start -- --api-token (\S+)`/.exec(readDocument(README)) ?? [];
  const [, secret = ''] = /--webhook-secret (\S+)/.exec(readDocument(README)) ?? [];
  const [webhooks, handlers] = [await freePort(), await freePort()];
  const options = {
    port: '0',
    data,
    'api-token': apiToken,
    'log-level': 'error',
    'webhook-url': `http://127.0.0.1:${webhooks}`,
    'webhook-secret': secret,
    'webhook-allow': '127.0.0.1/32',
    'events-grpc-url': `http://127.0.0.1:${handlers}`,
  };
  server = await createSwitchboard(parseConfig({ options, env: {} }));
  const { url } = await server.listen();
  const ports = { WEBHOOK_PORT: String(webhooks), EVENTS_GRPC_PORT: String(handlers) };
  terminal = new Terminal({ SWITCHBOARD_URL: url, SWITCHBOARD_DATA: data, ...ports });
  await terminal.run(commands[0] ?? '');
});
afterAll(async () => {
  await terminal[Symbol.asyncDispose]();
  await server.close();
  rmSync(data, { recursive: true });
});

/** What a program prints when all goes well. npm may have its own opinion of the machine's settings. */
function linesOf({ out, err, code }: Said): string[] {
  expect({ code, err: err.replaceAll(/^npm warn .*\n/gm, '') }).toEqual({ code: 0, err: '' });
  return out.trimEnd().split('\n');
}

/** The id that a message is stored under, which is the one that Bob gets it under. */
function helloIn(lines: readonly string[], text: string): void {
  const id = lines.map((line) => /^Ada: #(\d+) is stored$/.exec(line)?.[1]).find(Boolean);
  expect(id).toBeDefined();
  expect(lines.filter((line) => line === `Bob: #${id} ${text}`)).toHaveLength(1);
}

/** The answers of curl.sh by what was asked, the last one of each. */
function answersOf(lines: readonly string[]): Map<string, unknown> {
  const asked = lines.flatMap((line, at): [string, unknown][] => {
    const question = /^[A-Z]+ \S+$/.exec(line)?.[0].replaceAll(/\d{9,}/g, 'ID');
    return question === undefined ? [] : [[question, JSON.parse(lines[at + 1] ?? '')]];
  });
  return new Map(asked);
}

/** By file name. */
const programs: Readonly<Record<string, (lines: readonly string[]) => void>> = {
  // First: the server waits the longer for a receiver the longer there is none.
  'webhook.ts': (lines) => expect(lines).toEqual(['forged: 401', 'personalChatSent: hello to a webhook']),
  'event-handler.ts': (lines) => expect(lines).toEqual(['personalChatSent: hello to an event handler']),
  'websocket.ts': (lines) => helloIn(lines, 'hello from a WebSocket'),
  'grpc.ts': (lines) => helloIn(lines, 'hello from gRPC'),
  'resume.ts'(lines) {
    const posts = lines.filter((line) => line.startsWith('  #')).map((line) => line.trim().split(' ')[0]);
    expect(new Set(posts).size).toBe(posts.length);
    expect(lines.slice(lines.indexOf('Bob is back:') + 1).map((line) => line.replace(/^ {2}#\d+ /, ''))).toEqual([
      'one, written while Bob is away',
      'two, written while Bob is away',
      'three, written while Bob is away',
    ]);
  },
  'messenger.ts'(lines) {
    helloIn(lines, 'hello from Socket.IO');
    expect(lines).toContain('Bob: Ada is typing');
  },
  'curl.sh'(lines) {
    const answers = answersOf(lines);
    expect(answers.get('POST /api/auth/login')).toMatchObject({ user: { username: 'carol' } });
    const message = { index: 1, type: 'text', text: 'hello from curl' };
    expect(answers.get('POST /api/conversations/ID/messages')).toMatchObject(message);
    expect(answers.get('GET /api/conversations/ID/messages')).toMatchObject({ messages: [message] });
    expect(answers.get('GET /api/conversations/ID/unread')).toMatchObject({ unreadCount: 1, readIndex: 0 });
    expect(answers.get('POST /api/conversations/ID/read')).toMatchObject({ unreadCount: 0, readIndex: 1 });
  },
  'messenger-rest.ts': (lines) => {
    expect(lines).toEqual([
      expect.stringMatching(/^Ada: #\d+ is stored, once$/),
      'Bob: 1 unread in the chat with Ada: Привет, Боб 👋',
      'Bob: 0 unread after reading',
      'Ada sees: Привет, Боб 👋 | 你好, Ada!',
    ]);
  },
  'backend.ts': (lines) => {
    expect(lines).toEqual(['the reader sees: the first issue is out', 'the reader sees: maintenance at ten']);
  },
  'support-backend.ts': (lines) => {
    expect(lines).toEqual([
      'Anna: Where is my parcl?',
      'Anna, corrected: Where is my parcel?',
      'a bell for the chat of Anna',
      'unread chats: 42',
    ]);
  },
  'support-bot.ts': (lines) => {
    expect(lines).toEqual([
      'Anna: Good morning',
      'Robot: Hello! I am a robot. Ask for a person at any time.',
      'Anna: A person, please.',
      'Robot: I get you somebody.',
    ]);
  },
  'moderation-hook.ts': (lines) => {
    expect(lines).toEqual([
      'Ada: Good morning -> 201 Good morning',
      'Ada: Where is my damn parcel? -> 201 Where is my d*** parcel?',
      'Ada: Visit my CASINO! -> 403 No advertising here.',
    ]);
  },
  'embed.ts'(lines) {
    expect(lines).toEqual([
      expect.stringMatching(/^listening at http:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^over HTTP: \{"id":"1","name":"Ada",/),
      expect.stringMatching(/^in process: \{.*"id":1,"role":"user","name":"Ada"/),
      'the route: {"program":"mine","version":1}',
    ]);
  },
};

describe('examples/', () => {
  it('are all run here', () => {
    const files = readdirSync(join(ROOT, 'examples')).filter((name) => name !== 'README.md');
    expect(files.sort()).toEqual(Object.keys(programs).sort());
    expect(commands.slice(1)).toHaveLength(files.length);
  });

  it.each(Object.entries(programs))('%s does what it says, twice', async (name, check) => {
    const command = commands.find((text) => text.includes(` examples/${name}`)) ?? '';
    expect(command, 'the command in examples/README.md').not.toBe('');
    check(linesOf(await terminal.run(command)));
    check(linesOf(await terminal.run(command)));
  });

  it.each([
    'webhook.ts',
    'event-handler.ts',
    'websocket.ts',
    'grpc.ts',
    'resume.ts',
    'messenger.ts',
    'messenger-rest.ts',
    'backend.ts',
    'support-backend.ts',
    'support-bot.ts',
  ])('%s without a token fails with what the server says', async (name) => {
    const { code, err } = await terminal.run(`npx node examples/${name}`);
    expect(code).toBe(1);
    expect(err).toMatch(
      /4401 The token is|Error: The token is not|16 UNAUTHENTICATED|401 .*(A valid Api-Token is needed|The token is not)/,
    );
  });
});
