/**
 * Operators hand one chat on, or open it again, at the same moment, while its client writes: it has one outcome, who lost is told at once whose it is,
 * and hears nothing further of it as one of its members would.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverActor } from '../../src/core/index.ts';
import { webSocketText } from '../support/clients/carriers.ts';
import { Category } from '../support/clients/stream-frame.ts';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import type { BackEndAnswer } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENT = 1;
const ANN = 11;
const BEN = 12;
const CAT = 13;
const DAN = 14;
const OPERATORS = [ANN, BEN, CAT, DAN];
const ROUNDS = 6;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  for (const id of OPERATORS) await server.chat.access.authenticate(tokenFor(id, { role: 'operator' }));
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

const as = (user: number) => ({ 'x-on-behalf-of': String(user) });

interface Begun {
  readonly source: string;
  readonly uuid: string;
  readonly client: DeskPeer;
  step(user: number, name: string, body?: object): Promise<BackEndAnswer>;
  close(): void;
}

/** A chat that Ann has taken, in a widget that gives chats to nobody by itself. */
async function begin(source: string): Promise<Begun> {
  await callDesk(server.url, 'PUT', `/api/desk/widgets/${source}`, { autoAssign: false });
  const client = await DeskPeer.connect(server.url, CLIENT, { query: { source } });
  const { uuid } = (await client.send('Hello?')).data.message.chat as { uuid: string };
  const step = (user: number, name: string, body: object = {}) =>
    callDesk(server.url, 'POST', `/api/desk/chats/${uuid}/${name}`, body, as(user));
  expect(await step(ANN, 'take')).toMatchObject({ status: 200 });
  return { source, uuid, client, step, close: () => client.drop() };
}

const attend = (user: number, source: string): Promise<DeskPeer> =>
  DeskPeer.connect(server.url, user, { role: 'operator', path: '/broadcast', query: { source } });

const enter = (user: number, chat: string): Promise<DeskPeer> =>
  DeskPeer.connect(server.url, user, { role: 'operator', query: { chat } });

/** Who has the chat, as the answer says: to who got it and to who did not. */
function ownerIn({ status, body }: BackEndAnswer): number {
  expect([200, 409], JSON.stringify(body)).toContain(status);
  return Number((status === 200 ? body.operator?.id : body.error.fields?.operator) ?? 0);
}

async function ownerOf(uuid: string): Promise<number> {
  const { body } = await callDesk(server.url, 'GET', `/api/desk/chats/${uuid}`);
  expect(body.status).not.toBe('closed');
  return Number(body.operator?.id ?? 0);
}

/** Who was told to have the chat, in order. */
const ownersTold = (board: DeskPeer, from: number): readonly number[] =>
  board.told
    .slice(from)
    .filter(({ type }) => type === 'chat_updated')
    .map(({ data }) => Number(data.chat.operator_user?.id ?? 0));

const textsIn = ({ told }: DeskPeer): readonly string[] =>
  told.filter(({ type }) => type === 'message_added').map(({ data }) => data.message.text as string);

async function lists(source: string): Promise<Readonly<Record<number, number>>> {
  const counts = OPERATORS.map(async (one) => {
    const { body } = await callDesk(server.url, 'GET', `/api/desk/chats?source=${source}&operatorId=${one}`);
    return [one, body.total as number] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

const numbered = (name: string): string[][] => Array.from({ length: ROUNDS }, (_, at) => [`${name}-${at}`]);

describe('two operators who hand a chat on', () => {
  test.each(numbered('handed'))('one of them does (%s)', async (source) => {
    const begun = await begin(source);
    const { uuid, client, step } = begun;
    const board = await attend(DAN, source);
    const room = await enter(DAN, uuid);
    // As members hear it who have no part in the desk.
    const streams = new Map<number, StreamPeer>();
    for (const user of [ANN, BEN, CAT]) {
      const token = tokenFor(user, { role: 'operator' });
      streams.set(user, await StreamPeer.connect(webSocketText, server, user, { token }));
    }
    await Promise.all([board.ping(), room.settled()]);
    const from = board.told.length;

    const [toBen, toCat, said] = await Promise.all([
      step(ANN, 'transfer', { operatorId: String(BEN), fromOperatorId: String(ANN), note: 'for Ben' }),
      step(DAN, 'transfer', { operatorId: String(CAT), fromOperatorId: String(ANN), note: 'for Cat' }),
      client.send('Anybody?'),
    ]);
    expect([toBen.status, toCat.status].toSorted()).toEqual([200, 409]);
    const [winner, loser] = toBen.status === 200 ? [BEN, CAT] : [CAT, BEN];
    expect([ownerIn(toBen), ownerIn(toCat), await ownerOf(uuid)]).toEqual([winner, winner, winner]);
    expect(said.type).toBe('message_added');

    const answering = await enter(winner, uuid);
    await answering.send('the last word');
    await Promise.all([board.ping(), room.settled(), client.settled()]);
    const note = winner === BEN ? 'for Ben' : 'for Cat';
    expect(textsIn(room).filter((text) => text.startsWith('for '))).toEqual([note]);
    expect(textsIn(room).filter((text) => !text.startsWith('for '))).toEqual(['Anybody?', 'the last word']);
    expect(textsIn(client)).toEqual(['Hello?', 'Anybody?', 'the last word']);
    expect(ownersTold(board, from).filter((one) => one !== ANN)).not.toContain(loser);
    expect(ownersTold(board, from).at(-1)).toBe(winner);
    expect(await lists(source)).toEqual({ [ANN]: 0, [BEN]: 0, [CAT]: 0, [DAN]: 0, [winner]: 1 });
    // Who had it is one of its members no longer; who did not get it never was.
    for (const [user, stream] of streams) {
      await stream.settled();
      const everything = Object.values(Category).map((category) => ({ category }));
      const { posts } = await stream.sync(everything);
      for (const told of [JSON.stringify(stream.frames), JSON.stringify(posts)]) {
        expect([user, told.includes('the last word')]).toEqual([user, user === winner]);
      }
      stream.drop();
    }
    for (const peer of [board, room, answering]) peer.drop();
    begun.close();
  });

  test.each(numbered('queued'))('to a queue or to somebody, one of them does (%s)', async (source) => {
    const begun = await begin(source);
    const { uuid, client, step } = begun;
    const [toQueue, toCat, said] = await Promise.all([
      step(ANN, 'transfer', { department: '', fromOperatorId: String(ANN) }),
      step(DAN, 'transfer', { operatorId: String(CAT), fromOperatorId: String(ANN) }),
      client.send('Anybody?'),
    ]);
    expect([toQueue.status, toCat.status].toSorted()).toEqual([200, 409]);
    expect(said.type).toBe('message_added');
    const winner = toCat.status === 200 ? CAT : 0;
    expect([ownerIn(toQueue), ownerIn(toCat), await ownerOf(uuid)]).toEqual([winner, winner, winner]);
    const { body } = await callDesk(server.url, 'GET', `/api/desk/queue?source=${source}`);
    expect(body.total).toBe(winner === 0 ? 1 : 0);
    begun.close();
  });

  test('who does not say whose it was hands on what they saw when they asked', async () => {
    const { uuid, close } = await begin('seen');
    const { desk } = server.chat;
    const hand = (operator: number) => desk.transfer(serverActor('default', 0, 'test'), { uuid }, { operator });
    const outcomes = await Promise.allSettled([hand(BEN), hand(CAT)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'failed_precondition', fields: { operator: String(BEN) } } });
    // Later it is seen, and taken over.
    await hand(CAT);
    expect(await ownerOf(uuid)).toBe(CAT);
    close();
  });
});

describe('two operators who open a chat again while its client writes', () => {
  test.each(
    numbered('opened').flatMap(([name = '']) => [
      { source: `${name}-alone`, lastThere: false },
      { source: `${name}-there`, lastThere: true },
    ]),
  )('one has it ($source; who had it last attends: $lastThere)', async ({ source, lastThere }) => {
    const begun = await begin(source);
    const { uuid, client, step } = begun;
    expect(await step(ANN, 'close')).toMatchObject({ status: 200 });
    const board = await attend(DAN, source);
    const last = lastThere ? await attend(ANN, source) : undefined;
    await Promise.all([board.ping(), last?.ping()]);
    const from = board.told.length;

    const answers = await Promise.all([step(BEN, 'reopen'), step(CAT, 'reopen'), client.send('One more thing')]);
    const [byBen, byCat, said] = answers;
    const owner = await ownerOf(uuid);
    expect(said.type).toBe('message_added');
    expect([ownerIn(byBen), ownerIn(byCat)]).toEqual([owner, owner]);
    const winners = [
      [byBen, BEN],
      [byCat, CAT],
    ] as const;
    const won = winners.filter(([{ status }]) => status === 200).map(([, user]) => user);
    // The client's word may have brought it back to who had it last, where they are there.
    expect(won).toEqual(lastThere && owner === ANN ? [] : [owner]);
    expect(await lists(source)).toEqual({ [ANN]: 0, [BEN]: 0, [CAT]: 0, [DAN]: 0, [owner]: 1 });

    const answering = await enter(owner, uuid);
    await answering.send('the last word');
    await Promise.all([board.ping(), client.settled()]);
    expect(textsIn(client)).toEqual(['Hello?', 'One more thing', 'the last word']);
    // Told as nobody's it is only while it does wait.
    const told = new Set(ownersTold(board, from));
    told.delete(owner);
    expect([...told]).toEqual(lastThere || !told.has(0) ? [] : [0]);
    for (const peer of [board, answering]) peer.drop();
    last?.drop();
    begun.close();
  });
});
