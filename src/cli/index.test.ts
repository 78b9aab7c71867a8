import { describe, expect, test } from 'vitest';
import { runHere } from '../../test/support/command-line.ts';
import { COMMANDS } from './index.ts';

describe('wrong usage: words on standard error, exit code 2', () => {
  test.each([
    [['tokn'], '"tokn" is not a command. Did you mean token?'],
    [['conversation'], '"conversation" is one half of a command: conversation create, conversation members.'],
    [['conversation', 'crate'], 'conversation create'],
    [['help', 'nothing'], '"nothing" is not a command.'],
    [['token'], '--sub is missing'],
    [['token', '--sub', '1', '--role', 'admin'], '--role must be one of user, operator, bot, guest.'],
    [['token', '--sub', '1', '--ttl', 'long'], '--ttl must be milliseconds'],
    [['token', '--sub', '1', '--ttl', '367d'], '--ttl must be milliseconds'],
    [['token', '--sub', '1', '--ns', '../x'], '--ns must have'],
    [['token', '--sub', '1', '--sub', '2'], '--sub is given twice.'],
    [['token', '--sub'], '--sub needs a value.'],
    [['token', '--sub', '1', '--json=yes'], '--json takes no value.'],
    [['token', '--sub', '1', 'extra'], '"extra" is one word too many.'],
    [['token', '--sbu', '1'], '--sbu is not an option of token. Did you mean --sub?'],
    [['start', '--prot', '1'], '--prot is not an option of start. Did you mean --port?'],
    [['--prot', '1'], '--prot is not an option of start. Did you mean --port?'],
    [['start', '--url', 'http://x'], '--url is not an option of start.'],
    [['start', '--port', 'high'], '--port must be integer from 0 to 65535.'],
    [['start', '--api-token', ''], '--api-token is empty'],
    [['send', '2'], '<text> is missing.'],
    [['send', '2', 'hello', 'world'], 'Put a text with spaces in quotes.'],
    [['send', 'bob', 'hello', '--as', '1'], '<to> must be an id'],
    [['send', '2', 'hello', '--kind', 'mail'], '--kind must be one of private, group, channel, room.'],
    [['send', '2', 'hello'], 'Who are you?'],
    [['send', '2', 'hello', '--as', '1', '--data', '/nowhere'], 'There is no token secret in /nowhere'],
    [['send', '2', 'hello', '--token', 'x.eyJzdWIiOiJhZGEifQ.y'], 'is not a user id'],
    [['send', '2', 'hello', '--token', 'x', '--port', '0'], 'give --url or SWITCHBOARD_URL'],
    [['listen', '--kind', 'room'], '--kind room needs --target'],
    [['listen', '--target', '5'], '--target needs --kind'],
    [['listen', '--after', 'x'], '--after must be an id'],
    [['history', '1', '--before', '2', '--after', '3'], '--before and --after exclude each other.'],
    [['conversation', 'create', '--kind', 'private'], '--kind must be one of group, channel, room.'],
    [['conversation', 'create'], '--name is missing'],
    [['conversation', 'members', '5', '--add', 'x'], '--add must be an id'],
  ])('%j', async (words, expected) => {
    const { out, err, code } = await runHere(words);
    expect(err).toContain(expected);
    expect(err).toMatch(/^switchboard: /);
    expect([out, code]).toEqual(['', 2]);
  });
});

test.each([
  [['token', '--json'], 'usage', /^--sub is missing/],
  [['token', '--sub', '1', '--json', '--ttl', 'long'], 'usage', /^--ttl must be/],
  [['token', '--sbu', '1', '--json'], 'usage', /Did you mean --sub/],
  [['start', '--json', '--port', 'high', '--host', ''], 'usage', /^--port must be[^\n]+\n--host is empty/],
  [['start', '--json', '--data', '/dev/null'], 'failed', /\/dev\/null/],
  [['send', '--json', '2'], 'usage', /^<text> is missing/],
  [['send', '--json', '2', 'x', '--token', 'a.eyJzdWIiOiIxIn0.b', '--url', 'http://127.0.0.1:9'], 'cannot_connect', /^No answer/],
  [['history', '--json', '2', '--token', 'x', '--url', 'http://127.0.0.1:9'], 'cannot_connect', /^No answer/],
  [['nothing', '--json'], 'usage', /is not a command/],
])('%j: one line of JSON on standard error', async (words, code, message) => {
  const { out, err } = await runHere(words);
  expect(out).toBe('');
  expect(JSON.parse(err)).toEqual({ error: { code, message: expect.stringMatching(message) as unknown } });
  expect((await runHere(words)).code).toBe({ failed: 1, usage: 2, cannot_connect: 3 }[code]);
  const inWords = await runHere(words.filter((word) => word !== '--json'));
  expect(inWords.err).toMatch(/^switchboard: /);
});

test('a text that is --json is no option', async () => {
  expect((await runHere(['send', '2', '--', '--json', 'extra'])).err).toMatch(/^switchboard: /);
});

describe('every command', () => {
  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s has a help text that names all its options',
    async (name, command) => {
      const { out, err, code } = await runHere([...name.split(' '), '--help'], { SWITCHBOARD_PORT: 'nonsense' });
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain(`Usage: switchboard ${name}`);
      for (const option of command.options) expect(out).toContain(`--${option.name}`);
      expect(command.options.map((option) => option.name)).toContain('json');
      expect((await runHere(['help', ...name.split(' ')])).out).toBe(out);
      for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    },
  );
});
