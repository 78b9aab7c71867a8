/**
 * What every door promises its clients, whatever its frames look like: the same suite runs for each carrier of each door. A door joins by a
 * `DoorUnderTest`: how to connect, and how its own words say these few verbs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverActor } from '../../src/core/index.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { slowDisk } from '../support/slow-disk.ts';

/** A conversation as its members name it: the other user of a private one, or a group. */
export type To = { readonly peer: number } | { readonly group: number };

/** What a client hears: a message, or that one was taken back or read. */
export interface Heard {
  readonly kind: 'message' | 'recall' | 'read';
  /** Of the message it is about, as a decimal number. */
  readonly id: string;
  /** Who spoke, or took back; of a read who has read, where the interface says so. */
  readonly user?: number;
  readonly text?: string;
}

/** Why a send was refused. What is not the client's is `missing`. */
export type Refusal = 'missing' | 'denied' | 'invalid' | 'too_fast';

export class SendRefused extends Error {
  readonly reason: Refusal;
  /** The words the client was given. */
  readonly words: string;

  constructor(reason: Refusal, words: string) {
    super(`${reason}: ${words}`);
    this.reason = reason;
    this.words = words;
  }
}

export interface DoorClient {
  /** Resolves with the id when it is stored; rejects with `SendRefused`. The same key again is the same message. */
  send(to: To, text: string, key?: string): Promise<string>;
  recall(to: To, id: string): Promise<void>;
  /** Reads up to a message. */
  read(to: To, id: string): Promise<void>;
  /** How much is unread, as the door has last told it; where reads are told to the reader. */
  unread?(to: To): Promise<number | undefined>;
  /** The next thing heard live; rejects when the connection has ended. */
  next(): Promise<Heard>;
  /** Things heard and not taken. */
  readonly waiting: number;
  /** Everything in the conversation after an id (all of it without one), oldest first. What is heard live then follows without a gap. */
  sync(to: To, after?: string): Promise<readonly Heard[]>;
  /** Resolves when the server has handled all that was sent, and all that it said before is here. */
  settled(): Promise<void>;
  /** Resolves when the connection is over. */
  readonly ended: Promise<unknown>;
  close(): Promise<unknown>;
  /** Cuts the connection without a word. */
  drop(): void;
}

/** What an interface may have no words for. */
export type Lack = 'conversations that begin with a message' | 'blocking';

export interface DoorUnderTest {
  readonly name: string;
  /** The rest of the suite runs without it. */
  readonly lacks?: readonly Lack[];
  /** A connection ends when its user loses the conversation it is bound to. */
  readonly endsWithMembership?: boolean;
  /** Who hears how far somebody has read: the others (unless said), or the reader's own devices alone, as the number of what is left. */
  readonly readsAreToldTo?: 'others' | 'reader';
  /** Brings users into a conversation of the interface's own kind; without it two have a private one, and more a group. */
  meet?(server: TestServer, users: readonly number[]): Promise<To>;
  connect(server: TestServer, user: number): Promise<DoorClient>;
}

/** Users who have a conversation with each other. */
interface Meeting {
  readonly users: readonly [number, number, ...number[]];
  /** The conversation as one of them names it. */
  to(user: number): To;
}

const BACK_END = serverActor('default', 0, 'test');

const textsOf = (heard: readonly Heard[]): (string | undefined)[] => heard.map(({ text }) => text);
const idsOf = (heard: readonly Heard[]): string[] => heard.map(({ id }) => id);
const numbered = (count: number, name = 'text'): string[] => Array.from({ length: count }, (_, at) => `${name} ${at}`);

async function conversationOf(server: TestServer, user: number, to: To): Promise<number> {
  return 'group' in to ? to.group : (await server.chat.findConversation(server.actor(user), to)).id;
}

async function take(client: DoorClient, count: number): Promise<Heard[]> {
  const heard: Heard[] = [];
  while (heard.length < count) heard.push(await client.next());
  return heard;
}

async function refusalOf(sending: Promise<unknown>): Promise<SendRefused> {
  const refused = await sending.then(
    () => new Error('it was not refused'),
    (error: unknown) => error,
  );
  if (refused instanceof SendRefused) return refused;
  throw refused;
}

export function doorContract(door: DoorUnderTest): void {
  describe(door.name, () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startServer();
    });
    afterAll(async () => {
      expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
      await server.close();
    });
    const connect = (user: number, at: TestServer = server): Promise<DoorClient> => door.connect(at, user);
    const lacks = (what: Lack): boolean => door.lacks?.includes(what) === true;

    async function meet(count: number, at: TestServer = server): Promise<Meeting> {
      const users = (await at.newUsers(count)) as unknown as Meeting['users'];
      const place = count > 2 || door.meet !== undefined ? await gather(users, at) : undefined;
      return { users, to: (user) => place ?? { peer: users.find((one) => one !== user) ?? 0 } };
    }

    /** Users in a conversation that is there before anybody speaks. */
    async function gather(users: readonly number[], at: TestServer = server): Promise<To> {
      return door.meet === undefined ? { group: await at.group(users) } : door.meet(at, users);
    }

    test('a message reaches everybody else once, and the sender’s other devices', async () => {
      const [one, two, three, stranger] = await server.newUsers(4);
      const place = await gather([one, two, three]);
      const sender = await connect(one);
      const others = [await connect(one), await connect(two), await connect(three), await connect(three)];
      const outside = await connect(stranger);
      const id = await sender.send(place, 'hello');
      for (const client of others) expect(await client.next()).toEqual({ kind: 'message', id, user: one, text: 'hello' });
      for (const client of [sender, outside, ...others]) {
        await client.settled();
        expect(client.waiting).toBe(0);
      }
    });

    const beginning = lacks('conversations that begin with a message') ? [] : ['a private conversation'];
    test.each(beginning)('%s begins with its first message', async () => {
      const [one, two] = await server.newUsers(2);
      const [sender, receiver] = [await connect(one), await connect(two)];
      const first = await sender.send({ peer: two }, 'hello');
      expect(await receiver.next()).toMatchObject({ id: first, text: 'hello' });
      const second = await receiver.send({ peer: one }, 'hello yourself');
      expect(await sender.next()).toMatchObject({ id: second, user: two });
      expect(idsOf(await sender.sync({ peer: two }))).toEqual([first, second]);
      expect(idsOf(await receiver.sync({ peer: one }))).toEqual([first, second]);
    });

    test('messages keep the order they were sent in', async () => {
      const { users, to } = await meet(2);
      const [one, two] = users;
      const [sender, receiver] = [await connect(one), await connect(two)];
      const texts = numbered(200);
      const ids = await Promise.all(texts.map((text) => sender.send(to(one), text)));
      const heard = await take(receiver, 200);
      expect(textsOf(heard)).toEqual(texts);
      expect(idsOf(heard)).toEqual(ids);
    });

    test('all members see one order, however many speak at once', async () => {
      const users = await server.newUsers(5);
      const place = await gather(users);
      const clients = await Promise.all(users.map((user) => connect(user)));
      const sent = await Promise.all(
        clients.map((client, at) => Promise.all(numbered(40, `${at}:`).map((text) => client.send(place, text)))),
      );
      const [order = [], ...orders] = await Promise.all(clients.map(async (client) => idsOf(await client.sync(place))));
      expect(new Set(order)).toEqual(new Set(sent.flat()));
      expect(order).toHaveLength(200);
      for (const other of orders) expect(other).toEqual(order);
      for (const [at, client] of clients.entries()) {
        const heard = idsOf(await take(client, 160));
        expect(heard).toEqual(order.filter((id) => !sent[at]?.includes(id)));
      }
    });

    test('the same key is the same message, on any connection', async () => {
      const { users, to } = await meet(2);
      const [one, two] = users;
      const receiver = await connect(two);
      const first = await connect(one);
      const id = await first.send(to(one), 'once', 'key');
      expect(await first.send(to(one), 'once', 'key')).toBe(id);
      first.drop();
      const second = await connect(one);
      expect(await Promise.all([1, 2, 3].map(() => second.send(to(one), 'once', 'key')))).toEqual([id, id, id]);
      expect((await receiver.next()).id).toBe(id);
      await receiver.settled();
      expect(receiver.waiting).toBe(0);
      expect(idsOf(await receiver.sync(to(two)))).toEqual([id]);
    });

    test('who comes back gets what was missed, and nothing else', async () => {
      const { users, to } = await meet(2);
      const [one, two] = users;
      const sender = await connect(one);
      const before = await Promise.all(numbered(130).map((text) => sender.send(to(one), text)));
      const receiver = await connect(two);
      expect(idsOf(await receiver.sync(to(two)))).toEqual(before);
      expect(await receiver.sync(to(two), before.at(-1))).toEqual([]);
      expect(idsOf(await receiver.sync(to(two), before[9]))).toEqual(before.slice(10));
      receiver.drop();
      const missed = await Promise.all(numbered(150, 'missed').map((text) => sender.send(to(one), text)));
      const again = await connect(two);
      const heard = await again.sync(to(two), before.at(-1));
      expect(idsOf(heard)).toEqual(missed);
      expect(textsOf(heard)).toEqual(numbered(150, 'missed'));
      const live = await sender.send(to(one), 'live');
      expect((await again.next()).id).toBe(live);
    });

    test.each([
      ['a fast disk', undefined],
      ['a slow disk', slowDisk],
    ])('a resume runs into what is live without a gap, on %s', async (_disk, wrap) => {
      await using own = await startServer({}, wrap);
      const [one, two] = await own.newUsers(2);
      const place = await gather([one, two], own);
      const sender = await connect(one, own);
      let isOver = false;
      const writing = (async () => {
        const ids: string[] = [];
        for (let round = 0; round < 15; round += 1) {
          ids.push(...(await Promise.all(numbered(20, `${round}`).map((text) => sender.send(place, text)))));
        }
        isOver = true;
        return ids;
      })();
      const known: string[] = [];
      for (let stay = 0; !isOver; stay += 1) {
        const client = await connect(two, own);
        const caughtUp = idsOf(await client.sync(place, known.at(-1)));
        known.push(...caughtUp);
        // What was live before the resume is part of it; what comes after follows on.
        for (let heard = 0; heard < stay * 3 && !isOver; heard += 1) {
          const { id } = await Promise.race([client.next(), writing.then(() => ({ id: '0' }))]);
          if (Number(id) > Number(known.at(-1) ?? 0)) known.push(id);
        }
        client.drop();
      }
      const ids = await writing;
      const client = await connect(two, own);
      known.push(...idsOf(await client.sync(place, known.at(-1))));
      expect(known).toEqual(ids);
    });

    test('a message taken back is taken back everywhere', async () => {
      const { users, to } = await meet(2);
      const [one, two] = users;
      const [sender, receiver] = [await connect(one), await connect(two)];
      const id = await sender.send(to(one), 'a mistake');
      await receiver.next();
      await sender.recall(to(one), id);
      expect(await receiver.next()).toMatchObject({ kind: 'recall', id });
      expect(JSON.stringify(await receiver.sync(to(two)))).not.toContain('mistake');
      expect(JSON.stringify(await sender.sync(to(one)))).not.toContain('mistake');
    });

    test('only its sender takes a message back', async () => {
      const { users, to } = await meet(2);
      const [one, two] = users;
      const [sender, receiver] = [await connect(one), await connect(two)];
      const id = await sender.send(to(one), 'mine');
      await receiver.next();
      expect((await refusalOf(receiver.recall(to(two), id))).reason).toBe('denied');
      expect(textsOf(await receiver.sync(to(two)))).toEqual(['mine']);
    });

    test('reading is told, and counts for all devices', async () => {
      const { users, to } = await meet(2);
      const [one, two] = users;
      const [sender, receiver, other] = [await connect(one), await connect(two), await connect(two)];
      const ids = await Promise.all(numbered(5).map((text) => sender.send(to(one), text)));
      await take(receiver, 5);
      await receiver.read(to(two), ids[2] ?? '');
      if (door.readsAreToldTo === 'reader') while ((await other.unread?.(to(two))) !== 2) await other.settled();
      else {
        const { kind, id, user = two } = await sender.next();
        expect([kind, id, user]).toEqual(['read', ids[2], two]);
      }
      const conversation = await conversationOf(server, two, to(two));
      expect((await server.chat.summarize(server.actor(two), conversation)).unread).toBe(2);
    });

    test('what is refused says why, and the connection lives on', async () => {
      const { users, to } = await meet(2);
      const [one, two] = users;
      const [sender, receiver] = [await connect(one), await connect(two)];
      if (!lacks('blocking')) {
        const [three] = await server.newUsers(1);
        await server.chat.setBlock(server.actor(three), one, true);
        expect((await refusalOf(sender.send({ peer: three }, 'hello'))).reason).toBe('denied');
      }
      expect((await refusalOf(sender.send(to(one), ''))).reason).toBe('invalid');
      expect((await refusalOf(sender.send(to(one), 'nul \0'))).reason).toBe('invalid');
      expect((await refusalOf(sender.send(to(one), 'x'.repeat(65_537)))).reason).toBe('invalid');
      const id = await sender.send(to(one), 'x'.repeat(65_536));
      expect((await receiver.next()).id).toBe(id);
    });

    test('what is not yours and what does not exist are told apart by nobody', async () => {
      const [one, two, three] = await server.newUsers(3);
      const place = await gather([two, three]);
      const owner = await connect(two);
      const id = await owner.send(place, 'secret');
      const stranger = await connect(one);
      const refusals = [
        await refusalOf(stranger.send(place, 'x')),
        await refusalOf(stranger.send({ group: 999_999_999 }, 'x')),
        await refusalOf(stranger.recall(place, id)),
        await refusalOf(stranger.recall(place, '999999999')),
        await refusalOf(stranger.read(place, id)),
        await refusalOf(stranger.read(place, '999999999')),
      ];
      expect(new Set(refusals.map(({ reason }) => reason))).toEqual(new Set(['missing']));
      expect(new Set(refusals.map(({ words }) => words)).size).toBe(1);
      expect(await stranger.sync(place)).toEqual([]);
      expect(await stranger.sync({ group: 999_999_999 })).toEqual([]);
      await owner.settled();
      expect(owner.waiting).toBe(0);
    });

    test('who is removed hears nothing more, from that moment', async () => {
      const [one, two] = await server.newUsers(2);
      const place = await gather([one, two]);
      const conversation = await conversationOf(server, one, place);
      const [sender, leaver] = [await connect(one), await connect(two)];
      const before = await sender.send(place, 'before');
      expect((await leaver.next()).id).toBe(before);
      await server.chat.changeMembers(BACK_END, conversation, { add: [], remove: [two] });
      await sender.send(place, 'after');
      await leaver.settled();
      expect(leaver.waiting).toBe(0);
      expect(await leaver.sync(place)).toEqual([]);
      expect((await refusalOf(leaver.send(place, 'still here?'))).reason).toBe('missing');
      // And all again, once back.
      await server.chat.changeMembers(BACK_END, conversation, { add: [{ user: two, role: 'member' }], remove: [] });
      const again = door.endsWithMembership === true ? await connect(two) : leaver;
      const back = await sender.send(place, 'welcome');
      expect((await again.next()).id).toBe(back);
    });

    test('who speaks too fast is told so', async () => {
      await using limited = await startServer({ 'rate-limit': '2/60000' });
      const { users, to } = await meet(2, limited);
      const [one] = users;
      const sender = await connect(one, limited);
      await sender.send(to(one), 'one');
      await sender.send(to(one), 'two');
      expect((await refusalOf(sender.send(to(one), 'three'))).reason).toBe('too_fast');
      expect(await limited.metric('switchboard_refusals_total', { code: 'rate_limited' })).toBe(1);
    });

    test('every session ends with its connection', async () => {
      const [one] = (await meet(2)).users;
      const sessions = (): number => server.chat.listSessions(server.actor(one)).length;
      const clients = [await connect(one), await connect(one), await connect(one)];
      expect(sessions()).toBe(3);
      await clients[0]?.close();
      clients[1]?.drop();
      await Promise.all([clients[0]?.ended, clients[1]?.ended]);
      await clients[2]?.settled();
      while (sessions() > 1) await new Promise(setImmediate);
      await clients[2]?.close();
    });

    test('a server that stops ends every connection, and keeps what it has acknowledged', async () => {
      const own = await startServer();
      const { users, to } = await meet(2, own);
      const [one, two] = users;
      const clients = [await connect(one, own), await connect(two, own)];
      await clients[0]?.send(to(one), 'the last word');
      await own.close();
      await Promise.all(clients.map((client) => client.ended));
    });
  });
}
