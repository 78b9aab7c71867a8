/**
 * Counts equal lists: after any sequence of what people, back ends and configuration do to a desk, over HTTP and as told on operators' sockets,
 * every count is that of its list.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { DeskPeer } from '../support/clients/support.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENTS = [1, 2];
const OPERATORS = [21, 22];
const SOURCES = ['lk', 'shop'];

/** Sequences lived through: each has a desk of its own, and takes some tenths of a second. */
const RUNS = 12;

const who = fc.nat(1);
const chat = fc.nat(3);

const actions = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), who, source: fc.constantFrom(...SOURCES) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'say' as const,
        'answer' as const,
        'take' as const,
        'close' as const,
        'reopen' as const,
        'read' as const,
      ),
      who,
      chat,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('transfer' as const, 'leave' as const, 'delete' as const), who, chat }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('supply' as const),
      who,
      chat,
      status: fc.constantFrom('new', 'open', 'closed', 'pending'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('assign' as const), who, sources: fc.subarray(SOURCES) }) },
);

type Action = typeof actions extends fc.Arbitrary<infer T> ? T : never;

let server: TestServer;
let namespaces = 0;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

type Headers = Readonly<Record<string, string>>;

/** A desk of its own: a namespace with two clients and two operators, each of whom hears the broadcast. */
async function openDesk() {
  const ns = `counts-${(namespaces += 1)}`;
  const tokenOf = (user: number, role: string) => tokenFor(user, { role, ns, name: `User ${user}` });
  const as = (user: number, role: string): Headers => ({ authorization: `Bearer ${tokenOf(user, role)}` });
  const backEnd: Headers = { 'api-token': API_TOKENS.admin, 'x-namespace': ns };
  const call = async (method: string, path: string, headers: Headers, body?: object) => {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(answer.status).toBeLessThan(500);
    const text = await answer.text();
    return text === '' ? undefined : JSON.parse(text);
  };
  const boards = await Promise.all(
    OPERATORS.map((user) => DeskPeer.connect(server.url, user, { token: tokenOf(user, 'operator'), path: '/broadcast' })),
  );
  await Promise.all(boards.map((board) => board.ping()));
  return { as, backEnd, call, boards };
}

type Desk = Awaited<ReturnType<typeof openDesk>>;

async function live({ as, backEnd, call }: Desk, uuids: string[], action: Action): Promise<void> {
  const client = as(CLIENTS[action.who] ?? 0, 'user');
  const operator = as(OPERATORS[action.who] ?? 0, 'operator');
  const id = OPERATORS[action.who];
  if (action.do === 'open') {
    const { uuid } = await call('POST', '/api/desk/chats', client, { source: action.source });
    if (!uuids.includes(uuid)) uuids.push(uuid);
    await call('POST', `/api/desk/chats/${uuid}/messages`, client, { text: 'Hello?' });
    return;
  }
  if (action.do === 'assign') {
    await call('PUT', `/api/desk/operators/${id}`, backEnd, { sources: action.sources });
    return;
  }
  const uuid = uuids[action.chat];
  if (uuid === undefined) return;
  const path = `/api/desk/chats/${uuid}`;
  switch (action.do) {
    case 'say':
      return call('POST', `${path}/messages`, client, { text: 'More' });
    case 'answer':
      return call('POST', `${path}/messages`, operator, { text: 'Yes?' });
    case 'take':
    case 'close':
    case 'reopen':
      return call('POST', `${path}/${action.do}`, operator);
    case 'read': {
      const { messages = [] } = await call('GET', `${path}/messages`, operator);
      return call('POST', `${path}/read`, operator, { messageId: messages.at(-1)?.id ?? '1' });
    }
    case 'transfer':
      return call('POST', `${path}/transfer`, operator, { operatorId: String(OPERATORS[1 - action.who]), note: 'Yours' });
    case 'leave':
      return call('POST', `${path}/transfer`, operator, { department: '' });
    case 'delete': {
      const found = await call('GET', path, backEnd);
      return found?.id === undefined ? undefined : call('DELETE', `/api/conversations/${found.id}`, backEnd);
    }
    case 'supply': {
      const operatorUser = action.status === 'new' ? null : { id, role: 'operator' };
      return call('POST', '/update/chat', backEnd, { uuid, status: action.status, operator_user: operatorUser });
    }
  }
}

/** How many a list has: as it says, and as it is when it is read to its end. */
async function lengthOf({ call }: Desk, path: string, headers: Headers): Promise<number> {
  const { chats, total } = await call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=100`, headers);
  expect([path, chats.length]).toEqual([path, total]);
  return total;
}

async function check(desk: Desk): Promise<void> {
  const { as, backEnd, call, boards } = desk;
  for (const [at, user] of OPERATORS.entries()) {
    const operator = as(user, 'operator');
    const list = (query: string, headers = operator) => lengthOf(desk, `/api/desk/${query}`, headers);
    const lists = {
      waiting: await list('queue'),
      mine: await list('chats?mine=true'),
      open: await list('chats?status=open'),
      closed: await list('chats?status=closed'),
      unread: await list('chats?unread=true'),
    };
    expect(await call('GET', '/api/desk/counts', operator)).toEqual(lists);
    const newChats = await list('chats?mine=true&status=new');
    const openChats = await list('chats?mine=true&status=open');
    expect([
      await list(`chats?operatorId=${user}&status=new`, backEnd),
      await list(`chats?operatorId=${user}&status=open`, backEnd),
    ]).toEqual([newChats, openChats]);
    const { operators } = await call('GET', '/api/desk/operators', backEnd);
    expect(operators.find((one: { user: { id: string } }) => one.user.id === String(user))).toMatchObject({
      newChats,
      openChats,
    });
    const lastOf = (type: string, of: (data: DeskPeer['told'][number]['data']) => boolean) =>
      boards[at]?.told.findLast((frame) => frame.type === type && of(frame.data))?.data;
    // What is told comes some milliseconds after the change, in one for all changes of a moment.
    await vi.waitFor(() => {
      const told = lastOf('operator_updated', (data) => data.user.id === user);
      expect([told?.new_chats, told?.open_chats]).toEqual([newChats, openChats]);
      expect(lastOf('global_updated', () => true)?.unread_chats ?? 0).toBe(lists.unread);
    }, 10_000);
  }
}

it('after any sequence of what is done at a desk', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { minLength: 8, maxLength: 30 }), async (sequence) => {
      const desk = await openDesk();
      try {
        const uuids: string[] = [];
        for (const action of sequence) await live(desk, uuids, action);
        await check(desk);
      } finally {
        for (const board of desk.boards) board.drop();
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
