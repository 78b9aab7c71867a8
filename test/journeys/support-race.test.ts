/** Many operators want one chat at the same moment, over HTTP and with their first answers on sockets: one has it, the others know at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENT = 1;
const TAKERS = Array.from({ length: 12 }, (_, at) => 100 + at);
const ANSWERERS = Array.from({ length: 12 }, (_, at) => 200 + at);
const ROUNDS = 5;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

/** Who got the chat, or who has it as one was told who did not. */
interface Outcome {
  readonly user: number;
  readonly won: boolean;
  readonly told: unknown;
}

async function take(uuid: string, user: number): Promise<Outcome> {
  const authorization = `Bearer ${tokenFor(user, { role: 'operator' })}`;
  const answer = await fetch(`${server.url}/api/desk/chats/${uuid}/take`, { method: 'POST', headers: { authorization } });
  // oxlint-disable-next-line typescript/no-explicit-any -- a chat, or an error
  const body = (await answer.json()) as any;
  expect([200, 409]).toContain(answer.status);
  const won = answer.status === 200;
  return { user, won, told: won ? body.operator.id : body.error.fields.operator };
}

async function answer(peer: DeskPeer, user: number): Promise<Outcome> {
  const { type, data } = await peer.send(`an answer of ${user}`);
  if (type === 'message_not_added') expect(data.code).toBe('failed_precondition');
  return {
    user,
    won: type === 'message_added',
    told: type === 'message_added' ? String(data.message.chat.operator_user.id) : '',
  };
}

test.each(Array.from({ length: ROUNDS }, (_, at) => [`race-${at}`]))(
  'one of many gets a chat (%s), and the others hear no more than any operator',
  async (source) => {
    await callDesk(server.url, 'PUT', `/api/desk/widgets/${source}`, { replies: 'assigned' });
    const client = await DeskPeer.connect(server.url, CLIENT, { query: { source } });
    const { uuid } = (await client.send('Hello?')).data.message.chat as { uuid: string };
    const boards = await Promise.all(
      TAKERS.map((user) => DeskPeer.connect(server.url, user, { role: 'operator', path: '/broadcast', query: { source } })),
    );
    const rooms = await Promise.all(
      ANSWERERS.map((user) => DeskPeer.connect(server.url, user, { role: 'operator', query: { chat: uuid } })),
    );
    await Promise.all([...boards.map((board) => board.ping()), ...rooms.map((room) => room.settled())]);

    const outcomes = await Promise.all([
      ...TAKERS.map((user) => take(uuid, user)),
      ...ANSWERERS.map((user, at) => answer(rooms[at] as DeskPeer, user)),
    ]);
    const winners = outcomes.filter(({ won }) => won);
    expect(winners).toHaveLength(1);
    const winner = winners[0]?.user ?? 0;
    for (const { told } of outcomes) expect(['', String(winner)]).toContain(told);

    // The winner's words after the race are heard as by anybody; the note is not for those who are not in the chat.
    const inside = await DeskPeer.connect(server.url, winner, { role: 'operator', query: { chat: uuid } });
    const as = { 'x-on-behalf-of': String(winner) };
    expect((await callDesk(server.url, 'POST', `/api/desk/chats/${uuid}/notes`, { text: 'a note' }, as)).status).toBe(201);
    await inside.send('the last word');
    for (const peer of [client, ...boards, ...rooms]) {
      for (;;) if ((await peer.next('message_added')).data.message.text === 'the last word') break;
    }
    const won = TAKERS.includes(winner) ? [] : [`an answer of ${winner}`];
    const words = (peer: DeskPeer): string[] =>
      peer.told.filter(({ type }) => type === 'message_added').map(({ data }) => data.message.text as string);
    expect(words(client)).toEqual(['Hello?', ...won, 'the last word']);
    for (const board of boards) {
      expect(words(board)).toEqual([...won, 'the last word']);
      const takings = board.told.filter(({ type }) => type === 'chat_updated').map(({ data }) => data.chat.operator_user?.id);
      expect(new Set(takings)).toEqual(new Set([winner]));
    }
    for (const room of rooms) expect(words(room)).toEqual([...won, 'a note', 'the last word']);

    // What a loser tries afterwards fails like the first time, and nobody hears of it.
    const loser = rooms[ANSWERERS.findIndex((user) => user !== winner)];
    expect(await loser?.send('still mine?')).toMatchObject({
      type: 'message_not_added',
      data: { code: 'failed_precondition', text: 'still mine?' },
    });
    const { body } = await callDesk(server.url, 'GET', `/api/desk/chats?source=${source}&status=open&operatorId=${winner}`);
    expect([body.total, body.chats[0].uuid]).toEqual([1, uuid]);
    expect(words(client)).not.toContain('still mine?');
    for (const peer of [client, ...boards, ...rooms]) peer.drop();
  },
);
