/** A whole Switchboard in this process, on a free port, with a data folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSwitchboard, parseConfig } from '../../src/compose.ts';
import type { Additions } from '../../src/compose.ts';
import { actorOf, serverActor } from '../../src/core/index.ts';
import type { Actor, Chat, Id, Log, Store } from '../../src/core/index.ts';
import type { MessengerDoor } from '../../src/doors/messenger/index.ts';
import { SECRET, tokenFor } from './tokens.ts';

/** Api-Tokens of every test server, by what they may do. */
export const API_TOKENS = {
  admin: 'admin-secret-of-the-tests',
  deliver: 'deliver-secret-of-the-tests',
  sessions: 'sessions-secret-of-the-tests',
  elsewhere: 'elsewhere-secret-of-the-tests',
} as const;

const API_TOKEN_OPTION = [
  `all:admin:${API_TOKENS.admin}`,
  `shower:deliver:${API_TOKENS.deliver}`,
  `kicker:sessions:${API_TOKENS.sessions}`,
  `stranger@elsewhere:admin:${API_TOKENS.elsewhere}`,
].join(',');

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly text: string;
}

/** Two, three or four ids, or many. */
export type Users<N extends number> = N extends 1
  ? readonly [Id]
  : N extends 2
    ? readonly [Id, Id]
    : N extends 3
      ? readonly [Id, Id, Id]
      : N extends 4
        ? readonly [Id, Id, Id, Id]
        : readonly Id[];

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly chat: Chat;
  readonly messenger: MessengerDoor;
  /** Everything logged so far: an error here is a fault of the server. */
  readonly logged: readonly LogLine[];
  /** Makes users known by their ids, as their first valid token would. */
  users(...ids: readonly Id[]): Promise<void>;
  /** So many users that no other test has. */
  newUsers<N extends number>(count: N): Promise<Users<N>>;
  /** A conversation owned by the first member. */
  group(members: readonly Id[], kind?: 'group' | 'channel'): Promise<Id>;
  room(owner: Id): Promise<Id>;
  /** The user as an actor, for verbs that the door under test does not have. */
  actor(user: Id): Actor;
  /** The sum of a counter or gauge over the series whose labels include these. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Drains and closes; safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts a server. `options` are those of the command line; `data` keeps a folder over several servers. `wrap` may put something around the
 * store (slow-disk.ts).
 */
export async function startServer(
  options: Readonly<Record<string, string>> = {},
  wrap?: (store: Store) => Store,
  additions?: Additions,
): Promise<TestServer> {
  const own = options['data'] === undefined ? mkdtempSync(join(tmpdir(), 'switchboard-test-')) : undefined;
  const config = parseConfig({
    options: {
      port: '0',
      'jwt-secret': SECRET,
      'api-token': API_TOKEN_OPTION,
      'rate-limit': 'off',
      'log-level': 'silent',
      data: own ?? '',
      ...options,
    },
    env: {},
  });
  const board = await createSwitchboard(config, additions);
  const { chat, messenger, metrics, log, store } = board;
  const logged: LogLine[] = [];
  // The parts hold these two objects by reference: what is put over them is what they use.
  Object.assign(log, keepLog(logged));
  if (wrap !== undefined) Object.assign(store, wrap({ ...store }));
  const { url, port } = await board.listen();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= board.close().then(() => {
      if (own !== undefined) rmSync(own, { recursive: true, force: true });
    }));

  function actor(user: Id): Actor {
    return actorOf({ namespace: 'default', user, role: 'user', name: '', issuedAt: 0, expiresAt: Infinity }, 'test', 0);
  }

  async function users(...ids: readonly Id[]): Promise<void> {
    await Promise.all(ids.map((id) => chat.access.authenticate(tokenFor(id))));
  }

  let known = 1_000;
  return {
    url,
    port,
    chat,
    messenger,
    logged,
    users,
    async newUsers<N extends number>(count: N) {
      const ids = Array.from({ length: count }, () => (known += 1));
      await users(...ids);
      return ids as unknown as Users<N>;
    },
    async group(members, kind = 'group') {
      const [owner, ...others] = members;
      await users(...members);
      const by = owner === undefined ? serverActor('default', 0, 'test') : actor(owner);
      return (await chat.createConversation(by, { kind, name: 'a test', members: others })).conversation.id;
    },
    async room(owner) {
      await users(owner);
      return (await chat.createConversation(actor(owner), { kind: 'room', name: 'a room', members: [] })).conversation.id;
    },
    actor,
    async metric(name, labels = {}) {
      const lines = (await metrics.print())
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      return lines
        .filter((line) => wanted.every((label) => line.includes(label)))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function keepLog(lines: LogLine[]): Log {
  return {
    debug: (fields, text) => void lines.push({ level: 'debug', fields, text }),
    info: (fields, text) => void lines.push({ level: 'info', fields, text }),
    warn: (fields, text) => void lines.push({ level: 'warn', fields, text }),
    error: (fields, text) => void lines.push({ level: 'error', fields, text }),
  };
}
