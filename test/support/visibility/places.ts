/** Everywhere that anything of a support chat could be told: each place as what is heard or read there, and what may be. */
import { CARRIERS } from '../clients/carriers.ts';
import { MessengerPeer } from '../clients/messenger.ts';
import { Category } from '../clients/stream-frame.ts';
import { DeskPeer } from '../clients/support.ts';
import type { TestServer } from '../server.ts';
import { StreamPeer } from '../stream-peer.ts';
import { OPEN, WORDS, asidesFor, headersOf } from './people.ts';
import type { Person } from './people.ts';

export interface Chat {
  readonly server: TestServer;
  readonly uuid: string;
  readonly conversation: number;
  /** Ids of everything that is said there, ours. */
  readonly ids: readonly number[];
}

export interface Place {
  readonly name: string;
  /** Of what is said: what this person must be told here; everything else must not be. */
  readonly may: (person: Person) => readonly string[];
  /** Back ends have no connections. */
  readonly live?: boolean;
  /** Begins to listen, before anything is said; what it returns is called when everything is. */
  readonly listen: (chat: Chat, person: Person) => Promise<(chat: Chat) => Promise<string>>;
}

const NOTHING: readonly string[] = [];

/** Doors that know nothing of desks tell members what is said to all, and nothing of what stands beside it. */
const toMembers = ({ member, role }: Person): readonly string[] => (member && role !== 'guest' ? OPEN : NOTHING);

/** A back end is not bound to memberships; of the asides it is told nothing either. */
const toMembersAndBackEnds = (person: Person): readonly string[] => (person.server ? OPEN : toMembers(person));

/** Lists are of what one is a member of; a back end that asks for a guest is no guest. */
const inLists = ({ member, role, server }: Person): readonly string[] =>
  member && (role !== 'guest' || server) ? OPEN : NOTHING;

/** The desk itself: members, operators who serve the widget, and of asides those whom they are for. */
function atDesk(person: Person): readonly string[] {
  const { role, member, serves } = person;
  return (member && role !== 'guest') || serves ? [...OPEN, ...asidesFor(role)] : NOTHING;
}

/** What a list shows of the last that was said. */
const last = (seen: readonly string[]): readonly string[] => seen.slice(-1);

async function read({ server }: Chat, person: Person, ...paths: string[]): Promise<string> {
  const answers = paths.map(async (path) => {
    const answer = await fetch(`${server.url}${path}`, { headers: headersOf(person) });
    return `${answer.status} ${await answer.text()}`;
  });
  return (await Promise.all(answers)).join('\n');
}

/** A place that is read when everything is said. */
function page(name: string, may: Place['may'], paths: (chat: Chat) => readonly string[]): Place {
  return { name, may, listen: async (_, person) => (chat) => read(chat, person, ...paths(chat)) };
}

/** The newest, and pages around each message, of asides as well: what a page is asked around need not be one's own. */
const pages = (path: string, { ids }: Chat): readonly string[] => [
  path,
  ...ids.flatMap((id) => [`${path}?around=${id}`, `${path}?before=${id}`, `${path}?after=${id}&limit=3`]),
];

const HTTP: readonly Place[] = [
  page('management: history', toMembersAndBackEnds, (chat) => pages(`/api/conversations/${chat.conversation}/messages`, chat)),
  page(
    'management: conversations',
    (person) => last(inLists(person)),
    ({ conversation }) => [
      '/api/conversations',
      `/api/conversations/${conversation}`,
      `/api/conversations/${conversation}/members`,
      `/api/conversations/${conversation}/unread`,
    ],
  ),
  page('management: earlier contents', toMembersAndBackEnds, ({ conversation, ids }) =>
    ids.map((id) => `/api/conversations/${conversation}/messages/${id}/revisions`),
  ),
  page(
    'messenger: chats',
    (person) => last(inLists(person)),
    ({ conversation }) => ['/api/chats', `/api/chats/${conversation}`],
  ),
  page('messenger: history', toMembersAndBackEnds, (chat) => pages(`/api/chats/${chat.conversation}/messages`, chat)),
  page('messenger: search', inLists, ({ conversation }) =>
    WORDS.flatMap((word) => [`/api/search?q=${word}`, `/api/search?q=${word}&chatId=${conversation}`]),
  ),
  page('desk: history', atDesk, (chat) => pages(`/api/desk/chats/${chat.uuid}/messages`, chat)),
  page('desk: transcript', atDesk, ({ uuid }) => [`/api/desk/chats/${uuid}/transcript`]),
  // Clients are told of their own chats, operators of those of their widgets.
  page(
    'desk: lists',
    ({ serves, name }) => (serves || name.includes('the client') ? OPEN.slice(-1) : NOTHING),
    ({ uuid }) => [
      '/api/desk/chats',
      '/api/desk/queue',
      '/api/desk/counts',
      `/api/desk/chats/${uuid}`,
      `/api/desk/chats/${uuid}/people`,
    ],
  ),
];

/** Who is not let in is told nothing: the connection ends. */
const orEnded = async (told: Promise<unknown>): Promise<void> =>
  told.then(
    () => undefined,
    () => undefined,
  );

const DESK: readonly Place[] = [
  {
    name: 'desk: /chat',
    may: (person) => (person.inside ? atDesk(person) : NOTHING),
    live: true,
    async listen({ server, uuid }, { id, role, token, inside }) {
      const peer = await DeskPeer.connect(server.url, id, { role, token, query: { chat: uuid } });
      // Who is not in it, in this matrix, may come in and goes again.
      if (!inside) await Promise.race([peer.settled().then(() => peer.close()), peer.ended]);
      return async () => {
        if (inside) await peer.settled();
        return JSON.stringify(peer.told);
      };
    },
  },
  {
    name: 'desk: /chat, afterwards',
    may: atDesk,
    live: true,
    listen:
      async (_, { id, role, token }) =>
      async ({ server, uuid }) => {
        const peer = await DeskPeer.connect(server.url, id, { role, token, query: { chat: uuid, after: '0' } });
        await Promise.race([peer.settled().catch(() => peer.ended), peer.ended]);
        return JSON.stringify(peer.told);
      },
  },
  {
    name: 'desk: /broadcast',
    may: ({ serves }) => (serves ? OPEN : NOTHING),
    live: true,
    async listen({ server }, { id, role, token }) {
      const peer = await DeskPeer.connect(server.url, id, { role, token, path: '/broadcast' });
      return async () => {
        await peer.ping().catch(() => peer.ended);
        return JSON.stringify(peer.told);
      };
    },
  },
];

const EVERYTHING = Object.values(Category).map((category) => ({ category }));

const STREAM: readonly Place[] = CARRIERS.flatMap((carrier) => {
  const connect = ({ server }: Chat, { id, token }: Person): Promise<StreamPeer> =>
    StreamPeer.connect(carrier, server, id, { token: token ?? '', extensions: true });
  return [
    {
      name: `stream: ${carrier.name}, live`,
      may: toMembers,
      live: true,
      async listen(chat: Chat, person: Person) {
        const peer = await connect(chat, person);
        return async () => {
          await orEnded(peer.settled());
          return JSON.stringify(peer.frames);
        };
      },
    },
    {
      name: `stream: ${carrier.name}, history`,
      may: toMembers,
      live: true,
      listen: async (_: Chat, person: Person) => async (chat: Chat) => {
        const peer = await connect(chat, person);
        await orEnded(peer.sync(EVERYTHING));
        for (const id of EVERYTHING) await orEnded(peer.sync([id], chat.conversation));
        return JSON.stringify(peer.frames);
      },
    },
  ];
});

const MESSENGER: readonly Place[] = (['websocket', 'polling'] as const).map((transport) => ({
  name: `messenger: ${transport}`,
  may: toMembers,
  live: true,
  async listen({ server, conversation }, { id, token }) {
    const auth = { token: token ?? '' };
    const peer = await MessengerPeer.connect(server.url, id, { auth, transports: [transport] }).catch(() => undefined);
    await peer?.ask('join_chat', String(conversation));
    return async () => {
      await peer?.settled();
      // Who is in a chat reads what is said there.
      await peer?.ask('leave_chat', String(conversation));
      return JSON.stringify(peer?.told ?? []);
    };
  },
}));

const SYNC: Place = {
  name: 'messenger: sync',
  may: toMembers,
  live: true,
  listen:
    async (_, { id, token }) =>
    async ({ server, conversation, ids }) => {
      const peer = await MessengerPeer.connect(server.url, id, { auth: { token: token ?? '' } }).catch(() => undefined);
      const places = [undefined, ...ids].map((lastId) => ({
        chatId: String(conversation),
        ...(lastId && { lastId: String(lastId) }),
      }));
      const answers = peer === undefined ? [] : await Promise.all(places.map((place) => peer.ask('sync', { chats: [place] })));
      return JSON.stringify([answers, peer?.told]);
    },
};

export const PLACES: readonly Place[] = [...DESK, ...STREAM, ...MESSENGER, SYNC, ...HTTP];

/** Of what is said, what stands in something that was told. */
export const wordsIn = (told: string): readonly string[] => WORDS.filter((word) => told.includes(word));
