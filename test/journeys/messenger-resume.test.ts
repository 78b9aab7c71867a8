/**
 * Complete resume (design.md, promise 4) through the messenger: clients that acknowledge nothing but what they have, and come back with the last place of
 * their syncs, end up with everything in its newest state, however often and however they go. And the counts that members are told are exact.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MessengerPeer } from '../support/clients/messenger.ts';
import type { Transport } from '../support/clients/messenger.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { slowDisk } from '../support/slow-disk.ts';

const MESSAGES = 240;

interface MessageJson {
  readonly id: string;
  readonly chatId: string;
  readonly content: string;
}

interface SyncedJson {
  readonly chatId: string;
  readonly messages: readonly MessageJson[];
  readonly lastId: string;
  readonly more: boolean;
}

/** One stay of the reader: how much it hears after the sync, and how it leaves. */
interface Stay {
  readonly listens: number;
  readonly transport: Transport;
  readonly leaves: 'drop' | 'close';
}

const stays = fc.array(
  fc.record({
    listens: fc.nat(40),
    transport: fc.constantFrom('websocket' as const, 'polling' as const),
    leaves: fc.constantFrom('drop' as const, 'close' as const),
  }),
  { minLength: 3, maxLength: 6 },
);

/** What a client keeps between its connections. */
class Memory {
  readonly messages = new Map<string, MessageJson>();
  /** Where the next sync goes on, by chat. */
  readonly #places = new Map<string, string>();

  constructor(chats: readonly string[]) {
    for (const chat of chats) this.#places.set(chat, '');
  }

  take(message: MessageJson): void {
    this.messages.set(message.id, message);
  }

  async sync(peer: MessengerPeer): Promise<void> {
    for (let asked = [...this.#places.keys()]; asked.length > 0;) {
      const chats = asked.map((chatId) => ({ chatId, lastId: this.#places.get(chatId) }));
      const answer = await peer.ask('sync', { chats });
      const synced = answer['chats'] as readonly SyncedJson[];
      for (const { chatId, messages, lastId } of synced) {
        for (const message of messages) this.take(message);
        this.#places.set(chatId, lastId);
      }
      asked = synced.filter(({ more }) => more).map(({ chatId }) => chatId);
    }
  }
}

/** Sends, and now and then edits or takes back one of the earlier messages. Resolves with what there is in the end. */
async function write(server: TestServer, user: number, chats: readonly string[]): Promise<Map<string, string>> {
  const peer = await MessengerPeer.connect(server.url, user);
  const written = new Map<string, string>();
  for (let at = 0; at < MESSAGES; at += 8) {
    const batch = Array.from({ length: 8 }, (_, place) =>
      peer.ask('send_message', { chatId: chats[(at + place) % chats.length], content: `${user} ${at + place}` }),
    );
    for (const answer of await Promise.all(batch)) {
      const message = answer['message'] as MessageJson;
      written.set(message.id, message.content);
    }
    const earlier = [...written.keys()][at / 2];
    if (earlier === undefined) continue;
    if (at % 16 === 0) {
      await server.chat.editMessage(server.actor(user), Number(earlier), { kind: 'text', text: `edited ${at}` });
      written.set(earlier, `edited ${at}`);
    } else {
      await server.chat.recallMessage(server.actor(user), Number(earlier));
      written.set(earlier, '');
    }
  }
  await peer.close();
  return written;
}

async function run(server: TestServer, plan: readonly Stay[]): Promise<void> {
  const [me, one, two] = await server.newUsers(3);
  const chats = [String(await server.group([one, me, two])), String(await server.group([two, me, one]))];
  let over = false;
  const writing = Promise.all([write(server, one, chats), write(server, two, chats)]).finally(() => {
    over = true;
  });
  const memory = new Memory(chats);
  for (let round = 0; !over; round += 1) {
    const { listens = 0, transport = 'websocket', leaves = 'drop' } = plan[round % plan.length] ?? {};
    const peer = await MessengerPeer.connect(server.url, me, { transports: [transport] });
    // Whatever comes, whenever it comes: before, while and after the sync is answered.
    peer.socket.on('new_message', (message: MessageJson) => {
      if (!memory.messages.has(message.id)) memory.take(message);
    });
    await memory.sync(peer);
    for (let heard = 0; heard < listens && !over; heard += 1) {
      await Promise.race([peer.next('new_message'), writing]);
    }
    if (leaves === 'drop') peer.drop();
    else await peer.close();
  }
  const written = (await writing).flatMap((part) => [...part]);
  const peer = await MessengerPeer.connect(server.url, me);
  await memory.sync(peer);
  await peer.close();
  const kept = [...memory.messages.values()].map(({ id, content }): [string, string] => [id, content]);
  const byId = (a: [string, string], b: [string, string]): number => Number(a[0]) - Number(b[0]);
  expect(kept.toSorted(byId)).toEqual(written.toSorted(byId));
}

describe.each([
  { disk: 'a fast disk', wrap: undefined },
  { disk: 'a slow disk', wrap: slowDisk },
])('on $disk', ({ wrap }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ 'signal-rate': 'off' }, wrap);
  });
  afterAll(async () => {
    expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
    await server.close();
  });

  test('who comes and goes has everything in the end', async () => {
    await fc.assert(
      fc.asyncProperty(stays, (plan) => run(server, plan)),
      { numRuns: 3, endOnFailure: true },
    );
  });

  test('a chat is synced in pages, and live messages follow without a gap', async () => {
    const [one, two] = await server.newUsers(2);
    const chatId = String(await server.group([one, two]));
    const [ada, bob] = [await MessengerPeer.connect(server.url, one), await MessengerPeer.connect(server.url, two)];
    for (let at = 0; at < 250; at += 1) ada.say('send_message', { chatId, content: String(at) });
    await ada.ask('send_message', { chatId, content: '250' });
    const pages: SyncedJson[] = [];
    for (let lastId = ''; pages.at(-1)?.more !== false;) {
      const [page] = (await bob.ask('sync', { chats: [{ chatId, lastId }] }))['chats'] as SyncedJson[];
      if (page === undefined) throw new Error('no page');
      pages.push(page);
      lastId = page.lastId;
    }
    expect(pages.map(({ messages }) => messages.length)).toEqual([100, 100, 51]);
    expect(pages.flatMap(({ messages }) => messages.map(({ content }) => content))).toEqual(
      Array.from({ length: 251 }, (_, at) => String(at)),
    );
    const foreign = await bob.ask('sync', { chats: [{ chatId: '999999999' }, { chatId: 'x' }] });
    expect(foreign).toMatchObject({
      ok: true,
      chats: [
        { chatId: '999999999', messages: [], more: false, error: { code: 'not_found' } },
        { chatId: 'x', messages: [], more: false, error: { code: 'not_found' } },
      ],
    });
  });

  test('counts told to members are exact, whatever happens', async () => {
    const step = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom('send', 'send', 'send', 'burst', 'read', 'join', 'leave', 'recall', 'away', 'elsewhere'),
      far: fc.nat(9),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const users = await server.newUsers(3);
        const group = await server.group(users);
        const chatId = String(group);
        const peers = await Promise.all(users.map((user) => MessengerPeer.connect(server.url, user)));
        const ids: { readonly id: string; readonly by: number }[] = [];
        const send = async (who: number, peer: MessengerPeer): Promise<void> => {
          const answer = await peer.ask('send_message', { chatId, content: 'x' });
          ids.push({ id: (answer['message'] as MessageJson).id, by: who });
        };
        for (const { who, what, far } of steps) {
          const [peer, user] = [peers[who], users[who]];
          const at = ids[far % Math.max(1, ids.length)];
          if (peer === undefined || user === undefined) continue;
          if (what === 'send') await send(who, peer);
          else if (what === 'burst') await Promise.all(Array.from({ length: far + 2 }, () => send(who, peer)));
          else if (what === 'read' && at !== undefined) await peer.ask('mark_read', { chatId, messageId: at.id });
          else if (what === 'join') await peer.ask('join_chat', chatId);
          else if (what === 'leave') await peer.ask('leave_chat', chatId);
          else if (what === 'recall' && at !== undefined) {
            await server.chat.recallMessage(server.actor(users[at.by] ?? 0), Number(at.id));
          } else if (what === 'elsewhere') {
            await server.chat.moveCursor(server.actor(user), 'read', { conversation: group }, 0);
          } else if (what === 'away') {
            await peer.close();
            peers[who] = await MessengerPeer.connect(server.url, user);
          }
        }
        // One more, which tells everybody where they stand.
        const [first] = peers;
        if (first === undefined) throw new Error('nobody there');
        await send(0, first);
        const counts = async (): Promise<ReadonlyMap<number, number>> => server.chat.countUnread(group, users);
        for (const [who, peer] of peers.entries()) {
          const last = (): unknown => {
            const update = peer.heard('sidebar_update').at(-1);
            return update?.message.id === ids.at(-1)?.id ? update.unreadCount : undefined;
          };
          // A joined reader's cursor may still be on its way.
          while (last() !== (await counts()).get(users[who] ?? 0)) await peer.settled();
          expect(last()).toBe((await counts()).get(users[who] ?? 0));
          await peer.close();
        }
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });
});

test('counts are asked for once, and not with every message', async () => {
  let asked = 0;
  await using server = await startServer({}, (store) => ({
    ...store,
    unread(...args) {
      asked += 1;
      return store.unread(...args);
    },
  }));
  const [one, two, three] = await server.newUsers(3);
  const chatId = String(await server.group([one, two, three]));
  const [ada, ...others] = await Promise.all([one, two, three, three].map((user) => MessengerPeer.connect(server.url, user)));
  if (ada === undefined) throw new Error('nobody there');
  for (let count = 1; count <= 50; count += 1) {
    await ada.ask('send_message', { chatId, content: String(count) });
    for (const peer of others) expect(await peer.next('sidebar_update')).toMatchObject({ unreadCount: count });
  }
  // Again after half a minute, should this take so long.
  expect(asked).toBeLessThanOrEqual(5);
});
