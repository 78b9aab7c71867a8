/** `switchboard listen`: prints messages as they come. */
import { usage } from './arguments.ts';
import { CLIENT_OPTIONS, START_HINT, cannotConnect, createClient, field, parsed } from './client.ts';
import { CommandError, EXIT, JSON_OPTION } from './command.ts';
import type { Arguments, Command, ExitCode, Io } from './command.ts';
import { harmless } from './print.ts';
import { CATEGORIES, KINDS, PAYLOAD_SYNC, idText, isMessage, lineOf, plain, postsOf } from './stream.ts';
import type { PrintedPost } from './stream.ts';

/** Newer than every id there is: a SYNC from here brings nothing old. */
const END = String(Number.MAX_SAFE_INTEGER);

/** Our name for the one request we make. */
const SYNC_SN = 'sync';

export const listen: Command = {
  name: 'listen',
  summary: 'Print messages as they come, one per line, until it is stopped.',
  options: [
    {
      name: 'kind',
      value: `<${KINDS.join('|')}>`,
      about: 'Only these; room needs --target.',
      default: 'private, group and channel',
    },
    { name: 'target', value: '<id>', about: 'Only this user (private), group, channel or room; needs --kind.' },
    { name: 'after', value: '<message id>', about: 'First everything since this message; 0 = since the beginning.' },
    { name: 'count', value: '<n>', about: 'End after this many messages.' },
    ...CLIENT_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard listen --as 2 --after 0',
  async run(io, config, args) {
    const wanted = toWanted(args);
    const client = await createClient(config, args);
    const path = wanted.kinds.includes('room') ? '/message/room' : '/message/chat';
    const address = client.url.replace(/^http/, 'ws') + path;
    // The header, not the address: addresses end up in logs.
    const socket = new WebSocket(`${address}?extensions=1`, { headers: { authorization: `Bearer ${client.token}` } });
    return follow({ io, socket, address, wanted, json: args.flag('json') });
  },
};

interface Wanted {
  readonly kinds: readonly string[];
  readonly target: string | undefined;
  readonly after: string | undefined;
  readonly count: number;
}

function toWanted(args: Arguments): Wanted {
  const [kind, target, after, count] = [args.text('kind'), args.text('target'), args.text('after'), args.text('count')];
  if (kind !== undefined && !CATEGORIES.has(kind)) throw usage(listen, `--kind must be one of ${KINDS.join(', ')}.`);
  if (target !== undefined && kind === undefined) throw usage(listen, '--target needs --kind: what is it the id of?');
  if (kind === 'room' && target === undefined) throw usage(listen, '--kind room needs --target: one is in a room by naming it.');
  if (count !== undefined && !/^[1-9][0-9]{0,8}$/.test(count)) throw usage(listen, '--count must be a number from 1 up.');
  return {
    kinds: kind === undefined ? ['private', 'group', 'channel'] : [kind],
    target: target === undefined ? undefined : idText(listen, '--target', target),
    after: after === undefined || after === '0' ? after : idText(listen, '--after', after),
    count: count === undefined ? Infinity : Number(count),
  };
}

function syncFrame({ kinds, target, after }: Wanted): string | undefined {
  const from = after ?? (kinds.includes('room') ? END : undefined);
  if (from === undefined) return undefined;
  const ids = kinds.map((kind) => ({ category: CATEGORIES.get(kind), last_id: from }));
  return JSON.stringify({ sn: SYNC_SN, type: PAYLOAD_SYNC, ...(target !== undefined && { target }), local: { ids } });
}

interface Following {
  readonly io: Io;
  readonly socket: WebSocket;
  readonly address: string;
  readonly wanted: Wanted;
  readonly json: boolean;
}

async function follow({ io, socket, address, wanted, json }: Following): Promise<ExitCode> {
  const stop = io.stopped();
  const frame = syncFrame(wanted);
  let [opened, last, left, refusal] = [false, wanted.after ?? '', wanted.count, ''];

  function show(post: PrintedPost): void {
    if (left === 0 || !isWanted(wanted, post)) return;
    io.out(json ? JSON.stringify(post) : lineOf(post));
    if (!isMessage(post)) return;
    last = post.id;
    left -= 1;
    if (left === 0) socket.close(1000);
  }

  function read(received: unknown): void {
    const errors = field(received, 'errors');
    if (Array.isArray(errors) && errors.length > 0) {
      refusal = plain(field(errors[0], 'message'));
      socket.close(1000);
      return;
    }
    if (field(received, 'cut') === true) io.err('switchboard: older messages have been removed by retention.');
    const posts = postsOf(received);
    for (const post of posts) show(post);
    // The empty page that ends the answer: from here on everything is live.
    if (field(received, 'sn') === SYNC_SN && posts.length === 0) announce();
  }

  function announce(): void {
    io.err(`switchboard: listening at ${address}`);
  }

  socket.addEventListener('open', () => {
    opened = true;
    if (frame === undefined) announce();
    else socket.send(frame);
  });
  socket.addEventListener('message', ({ data }) => read(parsed(String(data))));
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve, { once: true }));
  stop.addEventListener('abort', () => socket.close(1000), { once: true });
  const { code, reason } = await closed;
  if (refusal !== '') throw new CommandError(EXIT.refused, `The server refused: ${harmless(refusal)}`);
  if (stop.aborted || left === 0) return EXIT.ok;
  if (!opened) throw new CommandError(EXIT.cannotConnect, `${cannotConnect(address)}.${START_HINT}`);
  const words = reason === '' ? `code ${code}` : `${code}: ${harmless(reason)}`;
  if (code === 4401 || code === 4403 || code === 1008) throw new CommandError(EXIT.refused, `The server refused (${words}).`);
  throw new CommandError(
    EXIT.cannotConnect,
    `The connection has ended (${words}).${last === '' ? '' : ` Go on with: --after ${last}`}`,
  );
}

/** A connection to chats brings all of its user's. */
function isWanted({ kinds, target }: Wanted, post: PrintedPost): boolean {
  if (!kinds.includes(post.kind)) return false;
  if (target === undefined || post.receiver === target) return true;
  return post.kind === 'private' && post.sender === target;
}
