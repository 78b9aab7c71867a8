import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Children, StartedChild } from './children.ts';
import { pinned } from './pinning.ts';
import { createSecrets, signToken } from './tokens.ts';

/** What a server under test speaks. */
export type Wire = 'stream' | 'socket.io' | 'messenger' | 'grpc' | 'support';

export const SERVER_NAMES = {
  switchboard: 'Switchboard',
  'ws-coalesced': 'ws, own frames, coalesced',
  'ws-log': 'coalesced + SQLite FULL',
  'ws-plain': 'ws, plain send',
  'socket.io': 'socket.io',
  'messenger-socket.io': 'socket.io, same events',
  http2: 'raw http2, one encoding',
  'chats-10': 'among 10 other chats',
  'chats-1000': 'among 1,000 other chats',
  'desk-ws': 'ws, same frames, coalesced',
  'desk-plain': 'ws, same frames, plain',
  'desk-100': 'among 100 chats',
  'events-client': 'bare client, same batches',
  'events-wanted': '50,000 events a second',
  log: 'bare SQLite log table',
  fdatasync: 'one fdatasync on this disk',
} as const;

export type ServerName = keyof typeof SERVER_NAMES;
/** What is measured without a connection. */
const LOCAL = ['log', 'fdatasync', 'chats-10', 'chats-1000', 'desk-100', 'events-client', 'events-wanted'] as const;
/** The ones that listen. */
export type NetworkServer = Exclude<ServerName, (typeof LOCAL)[number]>;

/** Throws for what does not listen. */
export function networkServer(name: ServerName): NetworkServer {
  if (LOCAL.some((one) => one === name)) throw new Error(`${name} takes no connections`);
  return name as NetworkServer;
}

/** Where somebody sits at the desk: in a chat, or, an operator, on the broadcast. */
export interface Seat {
  readonly user: number;
  readonly role: 'user' | 'operator';
  /** UUID; absent: the broadcast. */
  readonly chat?: string;
}

export interface RunningServer {
  readonly name: ServerName;
  readonly port: number;
  readonly pid: number;
  /** What the load generator presents for a user: the request target of the WebSocket, or the gRPC token. */
  target(user: number, wire: Wire): string;
  /** The request target of the desk's WebSocket. */
  seat(seat: Seat): string;
  /** The id to send to, to reach users 1 to `members`, who have all connected before. */
  conversation(members: number): Promise<string>;
  /** For each of the users 1 to `members`, who have all connected before, the chat of every two of them. */
  chatsOfPairs(members: number): Promise<string[]>;
  stop(): Promise<void>;
}

export interface ServersDeps {
  readonly children: Children;
  /** Folder for data and profiles, on the disk that is measured. */
  readonly folder: string;
  readonly serverArgs: readonly string[];
  /** Extra arguments of Node itself, for profiling Switchboard. */
  readonly nodeArgs: readonly string[];
}

const CREATE_TRIES = 50;
const RETRY_MS = 200;
/** Members in one request: below any sane limit of a request body or a transaction. */
const MEMBERS_PER_REQUEST = 500;
const ROOT = join(import.meta.dirname, '..');

const BASELINE_FILES: Record<Exclude<NetworkServer, 'switchboard'>, string> = {
  'ws-coalesced': 'ws-coalesced.ts',
  'ws-log': 'ws-coalesced.ts',
  'ws-plain': 'ws-plain.ts',
  'socket.io': 'socket-io.ts',
  'messenger-socket.io': 'messenger-socket-io.ts',
  'desk-ws': 'desk.ts',
  'desk-plain': 'desk.ts',
  http2: 'http2-raw.ts',
};

/** `data`: the folder that Switchboard starts on; absent: an empty one. */
export async function startServer(name: NetworkServer, deps: ServersDeps, data?: string): Promise<RunningServer> {
  return name === 'switchboard' ? startSwitchboard(deps, data ?? emptyFolder(deps)) : startBaseline(name, deps);
}

export function emptyFolder({ folder }: Pick<ServersDeps, 'folder'>): string {
  return mkdtempSync(join(folder, 'data-'));
}

function seatTarget({ chat }: Seat, who: string): string {
  return chat === undefined ? `/broadcast?${who}` : `/chat?chat=${chat}&${who}`;
}

async function startBaseline(
  name: Exclude<NetworkServer, 'switchboard'>,
  { children, folder }: ServersDeps,
): Promise<RunningServer> {
  const log = name === 'ws-log' ? ['--log', join(mkdtempSync(join(folder, 'log-')), 'log.db')] : [];
  const script = join(ROOT, 'bench', 'baselines', BASELINE_FILES[name]);
  const plain = name === 'desk-plain' ? ['--plain'] : [];
  const child = children.start(pinned(0, [process.execPath, script, ...log, ...plain]));
  const { port, pid } = await readiness(child);
  return {
    name,
    port,
    pid,
    target(user, wire) {
      if (wire === 'grpc') return `user-${user}`;
      return wire === 'socket.io' || wire === 'messenger'
        ? `/socket.io/?EIO=4&transport=websocket&user=${user}`
        : `/message/chat?user=${user}`;
    },
    seat: (seat) => seatTarget(seat, `user=${seat.user}`),
    conversation: () => Promise.resolve('1'),
    chatsOfPairs: (members) => Promise.resolve(ofEveryTwo(members, (pair) => `pair-${pair}`)),
    stop: () => child.stop(),
  };
}

async function startSwitchboard({ children, serverArgs, nodeArgs }: ServersDeps, data: string): Promise<RunningServer> {
  const secrets = createSecrets();
  const options = [
    'start',
    '--port',
    '0',
    '--host',
    '127.0.0.1',
    '--data',
    data,
    '--rate-limit',
    'off',
    '--signal-rate',
    'off',
    ...serverArgs,
  ];
  const command = pinned(0, [process.execPath, ...nodeArgs, join(ROOT, 'src', 'main.ts'), ...options]);
  const child = children.start(command, { SWITCHBOARD_JWT_SECRET: secrets.jwt, SWITCHBOARD_API_TOKEN: secrets.api });
  const { port, pid, url } = await readiness(child);
  const call: Call = (method, path, body, user = 1) =>
    fetch(`${url}${path}`, {
      method,
      headers: { 'api-token': secrets.api, 'x-on-behalf-of': String(user), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return {
    name: 'switchboard',
    port,
    pid,
    target(user, wire) {
      const token = signToken(secrets.jwt, user);
      if (wire === 'messenger') return `/socket.io/?EIO=4&transport=websocket&token=${token}`;
      return wire === 'grpc' ? token : `/message/chat?token=${token}`;
    },
    seat: (seat) => seatTarget(seat, `token=${signToken(secrets.jwt, seat.user, seat.role)}`),
    conversation: (members) => createGroup(call, members),
    chatsOfPairs: (members) => createPairs(call, members),
    stop: () => child.stop(),
  };
}

/** Calls the server's management on behalf of a user, the first one unless said otherwise. */
type Call = (method: string, path: string, body: object, user?: number) => Promise<Response>;

/** What every two of some users share, once for each of them. */
function ofEveryTwo<T>(members: number, share: (pair: number) => T): T[] {
  return Array.from({ length: members }, (_, at) => share(Math.floor(at / 2)));
}

async function createPairs(call: Call, members: number): Promise<string[]> {
  const ids: string[] = [];
  for (let pair = 0; 2 * pair < members; pair += 1) {
    const group = { kind: 'group', name: `pair ${pair}`, members: [String(2 * pair + 2)] };
    const made = await retried(() => call('POST', '/api/conversations', group, 2 * pair + 1));
    ids.push(((await made.json()) as { id: string }).id);
  }
  return ofEveryTwo(members, (pair) => ids[pair] ?? '');
}

/** A user appears with the first use of a token, shortly after the connection is open: until then the group is refused. */
async function createGroup(call: Call, members: number): Promise<string> {
  const ids = Array.from({ length: members }, (_, i) => String(i + 1));
  const first = await retried(() =>
    call('POST', '/api/conversations', { kind: 'group', name: 'bench', members: ids.slice(0, MEMBERS_PER_REQUEST) }),
  );
  const { id } = (await first.json()) as { id: string };
  for (let at = MEMBERS_PER_REQUEST; at < members; at += MEMBERS_PER_REQUEST) {
    await retried(() => call('PUT', `/api/conversations/${id}/members`, { add: ids.slice(at, at + MEMBERS_PER_REQUEST) }));
  }
  return id;
}

async function retried(request: () => Promise<Response>): Promise<Response> {
  for (let left = CREATE_TRIES; ; left -= 1) {
    const response = await request();
    if (response.ok) return response;
    const text = await response.text();
    if (left === 0) throw new Error(`Switchboard answered ${response.status} to ${response.url}: ${text.slice(0, 300)}`);
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

/** Reads lines until the one that says `... ready url=http://127.0.0.1:PORT pid=PID`. */
async function readiness(child: StartedChild): Promise<{ url: string; port: number; pid: number }> {
  for (;;) {
    const line = await child.readLine();
    const found = / ready url=(http:\/\/[\d.]+:(\d+)) pid=(\d+)/.exec(line);
    if (found) return { url: found[1] ?? '', port: Number(found[2]), pid: Number(found[3]) };
  }
}
