/**
 * What every door promises its clients, whatever its frames look like: the same suite runs for each carrier of each door. A door joins by a
 * `DoorUnderTest`: how to connect, and how its own words say these few verbs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
  readonly user: number;
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

export interface DoorUnderTest {
  readonly name: string;
  /** Who hears how far somebody has read: the others (unless said), or the reader's own devices alone, as the number of what is left. */
  readonly readsAreToldTo?: 'others' | 'reader';
  connect(server: TestServer, user: number): Promise<DoorClient>;
}

const textsOf = (heard: readonly Heard[]): (string | undefined)[] => heard.map(({ text }) => text);
const idsOf = (heard: readonly Heard[]): string[] => heard.map(({ id }) => id);
const numbered = (count: number, name = 'text'): string[] => Array.from({ length: count }, (_, at) => `${name} ${at}`);

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
    const connect = (user: number, to: TestServer = server): Promise<DoorClient> => door.connect(to, user);

    test('a message reaches everybody else once, and the sender’s other devices', async () => {
      const [one, two, three, stranger] = await server.newUsers(4);
      const group = await server.group([one, two, three]);
      const sender = await connect(one);
      const others = [await connect(one), await connect(two), await connect(three), await connect(three)];
      const outside = await connect(stranger);
      const id = await sender.send({ group }, 'hello');
      for (const client of others) expect(await client.next()).toEqual({ kind: 'message', id, user: one, text: 'hello' });
      for (const client of [sender, outside, ...others]) {
        await client.settled();
        expect(client.waiting).toBe(0);
      }
    });

    test('a private conversation begins with its first message', async () => {
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
      const [one, two] = await server.newUsers(2);
      const [sender, receiver] = [await connect(one), await connect(two)];
      const texts = numbered(200);
      const ids = await Promise.all(texts.map((text) => sender.send({ peer: two }, text)));
      const heard = await take(receiver, 200);
      expect(textsOf(heard)).toEqual(texts);
      expect(idsOf(heard)).toEqual(ids);
    });

    test('all members see one order, however many speak at once', async () => {
      const users = await server.newUsers(5);
      const group = await server.group(users);
      const clients = await Promise.all(users.map((user) => connect(user)));
      const sent = await Promise.all(
        clients.map((client, at) => Promise.all(numbered(40, `${at}:`).map((text) => client.send({ group }, text)))),
      );
      const [order = [], ...orders] = await Promise.all(clients.map(async (client) => idsOf(await client.sync({ group }))));
      expect(new Set(order)).toEqual(new Set(sent.flat()));
      expect(order).toHaveLength(200);
      for (const other of orders) expect(other).toEqual(order);
      for (const [at, client] of clients.entries()) {
        const heard = idsOf(await take(client, 160));
        expect(heard).toEqual(order.filter((id) => !sent[at]?.includes(id)));
      }
    });

    test('the same key is the same message, on any connection', async () => {
      const [one, two] = await server.newUsers(2);
      const receiver = await connect(two);
      const first = await connect(one);
      const id = await first.send({ peer: two }, 'once', 'key');
      expect(await first.send({ peer: two }, 'once', 'key')).toBe(id);
      first.drop();
      const second = await connect(one);
      expect(await Promise.all([1, 2, 3].map(() => second.send({ peer: two }, 'once', 'key')))).toEqual([id, id, id]);
      expect((await receiver.next()).id).toBe(id);
      await receiver.settled();
      expect(receiver.waiting).toBe(0);
      expect(idsOf(await receiver.sync({ peer: one }))).toEqual([id]);
    });

    test('who comes back gets what was missed, and nothing else', async () => {
      const [one, two] = await server.newUsers(2);
      const sender = await connect(one);
      const before = await Promise.all(numbered(130).map((text) => sender.send({ peer: two }, text)));
      const receiver = await connect(two);
      expect(idsOf(await receiver.sync({ peer: one }))).toEqual(before);
      expect(await receiver.sync({ peer: one }, before.at(-1))).toEqual([]);
      expect(idsOf(await receiver.sync({ peer: one }, before[9]))).toEqual(before.slice(10));
      receiver.drop();
      const missed = await Promise.all(numbered(150, 'missed').map((text) => sender.send({ peer: two }, text)));
      const again = await connect(two);
      const heard = await again.sync({ peer: one }, before.at(-1));
      expect(idsOf(heard)).toEqual(missed);
      expect(textsOf(heard)).toEqual(numbered(150, 'missed'));
      const live = await sender.send({ peer: two }, 'live');
      expect((await again.next()).id).toBe(live);
    });

    test.each([
      ['a fast disk', undefined],
      ['a slow disk', slowDisk],
    ])('a resume runs into what is live without a gap, on %s', async (_disk, wrap) => {
      await using own = await startServer({}, wrap);
      const [one, two] = await own.newUsers(2);
      const group = await own.group([one, two]);
      const sender = await connect(one, own);
      let isOver = false;
      const writing = (async () => {
        const ids: string[] = [];
        for (let round = 0; round < 15; round += 1) {
          ids.push(...(await Promise.all(numbered(20, `${round}`).map((text) => sender.send({ group }, text)))));
        }
        isOver = true;
        return ids;
      })();
      const known: string[] = [];
      for (let stay = 0; !isOver; stay += 1) {
        const client = await connect(two, own);
        const caughtUp = idsOf(await client.sync({ group }, known.at(-1)));
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
      known.push(...idsOf(await client.sync({ group }, known.at(-1))));
      expect(known).toEqual(ids);
    });

    test('a message taken back is taken back everywhere', async () => {
      const [one, two] = await server.newUsers(2);
      const [sender, receiver] = [await connect(one), await connect(two)];
      const id = await sender.send({ peer: two }, 'a mistake');
      await receiver.next();
      await sender.recall({ peer: two }, id);
      expect(await receiver.next()).toMatchObject({ kind: 'recall', id });
      expect(JSON.stringify(await receiver.sync({ peer: one }))).not.toContain('mistake');
      expect(JSON.stringify(await sender.sync({ peer: two }))).not.toContain('mistake');
    });

    test('only its sender takes a message back', async () => {
      const [one, two] = await server.newUsers(2);
      const [sender, receiver] = [await connect(one), await connect(two)];
      const id = await sender.send({ peer: two }, 'mine');
      await receiver.next();
      expect((await refusalOf(receiver.recall({ peer: one }, id))).reason).toBe('denied');
      expect(textsOf(await receiver.sync({ peer: one }))).toEqual(['mine']);
    });

    test('reading is told, and counts for all devices', async () => {
      const [one, two] = await server.newUsers(2);
      const [sender, receiver, other] = [await connect(one), await connect(two), await connect(two)];
      const ids = await Promise.all(numbered(5).map((text) => sender.send({ peer: two }, text)));
      await take(receiver, 5);
      await receiver.read({ peer: one }, ids[2] ?? '');
      if (door.readsAreToldTo === 'reader') while ((await other.unread?.({ peer: one })) !== 2) await other.settled();
      else expect(await sender.next()).toEqual({ kind: 'read', id: ids[2], user: two });
      const conversation = await server.chat.findConversation(server.actor(two), { peer: one });
      expect((await server.chat.summarize(server.actor(two), conversation.id)).unread).toBe(2);
    });

    test('what is refused says why, and the connection lives on', async () => {
      const [one, two, three] = await server.newUsers(3);
      await server.chat.setBlock(server.actor(three), one, true);
      const [sender, receiver] = [await connect(one), await connect(two)];
      expect((await refusalOf(sender.send({ peer: three }, 'hello'))).reason).toBe('denied');
      expect((await refusalOf(sender.send({ peer: two }, ''))).reason).toBe('invalid');
      expect((await refusalOf(sender.send({ peer: two }, 'nul \0'))).reason).toBe('invalid');
      expect((await refusalOf(sender.send({ peer: two }, 'x'.repeat(65_537)))).reason).toBe('invalid');
      const id = await sender.send({ peer: two }, 'x'.repeat(65_536));
      expect((await receiver.next()).id).toBe(id);
    });

    test('what is not yours and what does not exist are told apart by nobody', async () => {
      const [one, two, three] = await server.newUsers(3);
      const group = await server.group([two, three]);
      const owner = await connect(two);
      const id = await owner.send({ group }, 'secret');
      const stranger = await connect(one);
      const refusals = [
        await refusalOf(stranger.send({ group }, 'x')),
        await refusalOf(stranger.send({ group: 999_999_999 }, 'x')),
        await refusalOf(stranger.recall({ group }, id)),
        await refusalOf(stranger.recall({ group }, '999999999')),
        await refusalOf(stranger.read({ group }, id)),
        await refusalOf(stranger.read({ group }, '999999999')),
      ];
      expect(new Set(refusals.map(({ reason }) => reason))).toEqual(new Set(['missing']));
      expect(new Set(refusals.map(({ words }) => words)).size).toBe(1);
      expect(await stranger.sync({ group })).toEqual([]);
      expect(await stranger.sync({ group: 999_999_999 })).toEqual([]);
      await owner.settled();
      expect(owner.waiting).toBe(0);
    });

    test('who is removed hears nothing more, from that moment', async () => {
      const [one, two] = await server.newUsers(2);
      const group = await server.group([one, two]);
      const [sender, leaver] = [await connect(one), await connect(two)];
      const before = await sender.send({ group }, 'before');
      expect((await leaver.next()).id).toBe(before);
      await server.chat.changeMembers(server.actor(one), group, { add: [], remove: [two] });
      await sender.send({ group }, 'after');
      await leaver.settled();
      expect(leaver.waiting).toBe(0);
      expect(await leaver.sync({ group })).toEqual([]);
      expect((await refusalOf(leaver.send({ group }, 'still here?'))).reason).toBe('missing');
      // And all again, once back.
      await server.chat.changeMembers(server.actor(one), group, { add: [{ user: two, role: 'member' }], remove: [] });
      const back = await sender.send({ group }, 'welcome');
      expect((await leaver.next()).id).toBe(back);
    });

    test('who speaks too fast is told so', async () => {
      await using limited = await startServer({ 'rate-limit': '2/60000' });
      const [one, two] = await limited.newUsers(2);
      const sender = await connect(one, limited);
      await sender.send({ peer: two }, 'one');
      await sender.send({ peer: two }, 'two');
      expect((await refusalOf(sender.send({ peer: two }, 'three'))).reason).toBe('too_fast');
      expect(await limited.metric('switchboard_refusals_total', { code: 'rate_limited' })).toBe(1);
    });

    test('every session ends with its connection', async () => {
      const [one] = await server.newUsers(1);
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
      const [one, two] = await own.newUsers(2);
      const clients = [await connect(one, own), await connect(two, own)];
      await clients[0]?.send({ peer: two }, 'the last word');
      await own.close();
      await Promise.all(clients.map((client) => client.ended));
    });
  });
}
