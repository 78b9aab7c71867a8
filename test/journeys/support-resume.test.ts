/** A client of the desk that comes back: everything since its last message, in order, once, running into what is live. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import type { DeskFrame } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { slowDisk } from '../support/slow-disk.ts';

const CLIENT = 1;
const ANN = 2;

const numbered = (count: number, name = 'text'): string[] => Array.from({ length: count }, (_, at) => `${name} ${at}`);
const textsIn = (frames: readonly DeskFrame[]): string[] =>
  frames.filter(({ type }) => type === 'message_added').map(({ data }) => data.message.text as string);

async function begin(server: TestServer): Promise<{ client: DeskPeer; uuid: string; first: number }> {
  const client = await DeskPeer.connect(server.url, CLIENT, { query: { source: 'lk' } });
  const { message } = (await client.send('first')).data as { message: { id: number; chat: { uuid: string } } };
  return { client, uuid: message.chat.uuid, first: message.id };
}

const back = (server: TestServer, uuid: string, after: number | string): Promise<DeskPeer> =>
  DeskPeer.connect(server.url, CLIENT, { query: { chat: uuid, after: String(after) } });

const answer = (server: TestServer, uuid: string): Promise<DeskPeer> =>
  DeskPeer.connect(server.url, ANN, { role: 'operator', query: { chat: uuid } });

test('what came since comes first, in pages, as if it were live', async () => {
  await using server = await startServer();
  const { client, uuid, first } = await begin(server);
  const ann = await answer(server, uuid);
  await client.close();
  const texts = numbered(250);
  for (const text of texts) await ann.send(text);
  const again = await back(server, uuid, first);
  const live = ann.send('live');
  const seen: string[] = [];
  while (seen.at(-1) !== 'live') seen.push((await again.next('message_added')).data.message.text as string);
  expect(seen).toEqual([...texts, 'live']);
  const { data } = await live;
  expect(await again.settled()).toEqual([]);
  // Nothing is new now; and all of it is there from the start.
  expect(textsIn(await (await back(server, uuid, data.message.id as number)).settled())).toEqual([]);
  expect(textsIn(await (await back(server, uuid, 0)).settled())).toEqual(['first', ...texts, 'live']);
  expect(again.told.map(({ type }) => type)).not.toContain('history_cut');
});

test.each([
  ['a fast disk', undefined],
  ['a slow disk', slowDisk],
])(
  'a resume runs into what is live without a gap, on %s',
  async (_disk, wrap) => {
    await using server = await startServer({}, wrap);
    const { client, uuid, first } = await begin(server);
    await client.close();
    const writers = await Promise.all([answer(server, uuid), answer(server, uuid), answer(server, uuid)]);
    let isOver = false;
    const writing = Promise.all(
      writers.map(async (writer, at) => {
        for (let round = 0; round < 60; round += 1) {
          expect(await writer.send(`${at}: ${round}`)).toMatchObject({ type: 'message_added' });
        }
      }),
    ).then(() => (isOver = true));
    const known = [first];
    for (let stay = 1; !isOver; stay += 1) {
      const peer = await back(server, uuid, known.at(-1) ?? 0);
      for (let heard = 0; heard < stay && !isOver; heard += 1) {
        const frame = await Promise.race([peer.next('message_added'), writing.then(() => undefined)]);
        if (frame !== undefined) known.push(frame.data.message.id as number);
      }
      peer.drop();
    }
    const last = await back(server, uuid, known.at(-1) ?? 0);
    for (const { type, data } of await last.settled()) if (type === 'message_added') known.push(data.message.id as number);
    const whole = await back(server, uuid, 0);
    const all = (await whole.settled())
      .filter(({ type }) => type === 'message_added')
      .map(({ data }) => data.message.id as number);
    expect(all).toHaveLength(181);
    expect(known).toEqual(all);
  },
  60_000,
);

test.each([
  ['a fast disk', undefined],
  ['a slow disk', slowDisk],
])(
  'a status that was told never goes back while a client comes and goes, on %s',
  async (_disk, wrap) => {
    await using server = await startServer({}, wrap);
    const { client, uuid } = await begin(server);
    const ann = await answer(server, uuid);
    const sent: number[] = [];
    for (const text of numbered(250)) sent.push((await client.send(text)).data.message.id as number);
    const statuses = new Map<number, string>();
    const ranks = ['new', 'delivered', 'read'];
    const note = ({ type, data }: DeskFrame): void => {
      if (type !== 'message_added' && type !== 'message_updated') return;
      const { id, status } = data.message as { id: number; status: string };
      const before = statuses.get(id) ?? 'new';
      expect(ranks.indexOf(status), `${id} was ${before}`).toBeGreaterThanOrEqual(ranks.indexOf(before));
      statuses.set(id, status);
    };
    // Newest messages are read last: what is marked meanwhile is in the reading already, and is told live besides.
    for (const id of sent.slice(-20)) {
      const peer = await back(server, uuid, 0);
      ann.say('mark_message_delivered', { message_id: id });
      ann.say('mark_message_read', { message_id: id });
      for (const frame of await peer.settled()) note(frame);
      peer.drop();
    }
    await ann.settled();
    for (const frame of await (await back(server, uuid, 0)).settled()) note(frame);
    expect([...statuses.values()]).toEqual(Array.from({ length: 251 }, () => 'read'));
  },
  60_000,
);

test('edits and statuses that were missed are told, and notes are not', async () => {
  await using server = await startServer();
  const { client, uuid, first } = await begin(server);
  const ann = await answer(server, uuid);
  await client.close();
  ann.say('mark_message_read', { message_id: first });
  const { data } = await ann.send('A mistake');
  await callDesk(server.url, 'PATCH', '/message', { id: data.message.id as number, text: 'Corrected' });
  const note = { id: 5, type: 'note', text: 'between us', chat: { uuid }, user: { id: ANN, role: 'operator' } };
  expect((await callDesk(server.url, 'POST', '/message', note)).status).toBe(200);
  const again = await back(server, uuid, first);
  const told = await again.settled();
  const last = new Map(
    told.filter(({ data: { message } }) => message !== undefined).map((frame) => [frame.data.message.id as number, frame]),
  );
  expect(last.get(first)?.data.message).toMatchObject({ text: 'first', status: 'read' });
  expect(last.get(data.message.id as number)?.data.message).toMatchObject({ text: 'Corrected' });
  expect(JSON.stringify(again.told)).not.toContain('between us');
  expect(JSON.stringify(again.told)).not.toContain('A mistake');
  const operator = await DeskPeer.connect(server.url, ANN, { role: 'operator', query: { chat: uuid, after: '0' } });
  expect(textsIn(await operator.settled())).toContain('between us');
});

test('where retention has removed something, that is said first', async () => {
  await using server = await startServer();
  const { client, uuid, first } = await begin(server);
  for (const text of numbered(10)) await client.send(text);
  const { conversation } = await server.chat.desk.findChat(server.actor(CLIENT), { uuid });
  await server.chat.core.committer.commit({ type: 'trim', conversation: conversation.id, before: 6 });
  const again = await back(server, uuid, first);
  const told = await again.settled();
  expect(told[0]).toEqual({ type: 'history_cut', data: {} });
  expect(textsIn(told)).toEqual(numbered(10).slice(4));
  expect(told.filter(({ type }) => type === 'history_cut')).toHaveLength(1);
});

test('after a restart everything is there, under the same ids', async () => {
  const data = mkdtempSync(join(tmpdir(), 'switchboard-test-'));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const before = await startServer({ data });
  const { client, uuid, first } = await begin(before);
  const named = { id: 77, text: 'brought along', chat: { uuid }, user: { id: CLIENT } };
  expect((await callDesk(before.url, 'POST', '/message', named)).status).toBe(200);
  const { data: last } = await client.send('last', { client_id: 'the last' });
  await before.close();
  expect((await client.ended).code).toBe(1001);
  await using server = await startServer({ data });
  const again = await back(server, uuid, first);
  expect(textsIn(await again.settled())).toEqual(['brought along', 'last']);
  // A back end's id is a place as well.
  expect(textsIn(await (await back(server, uuid, 77)).settled())).toEqual(['last']);
  expect((await again.send('last', { client_id: 'the last' })).data.message.id).toBe(last.message.id);
  expect((await callDesk(server.url, 'POST', '/message', named)).status).toBe(200);
  expect(textsIn(await (await back(server, uuid, 0)).settled())).toEqual(['first', 'brought along', 'last']);
});

test('a client that does not read is cut off, and resumes', async () => {
  await using server = await startServer({ 'max-buffered-bytes': '262144' });
  const { client, uuid, first } = await begin(server);
  const ann = await answer(server, uuid);
  client.pause();
  const text = 'x'.repeat(60_000);
  let count = 0;
  while (server.chat.listSessions(server.actor(CLIENT)).length > 0) {
    expect((await ann.send(`${count} ${text}`)).type).toBe('message_added');
    count += 1;
  }
  const again = await back(server, uuid, first);
  const seen: string[] = [];
  while (seen.length < count) seen.push((await again.next('message_added')).data.message.text as string);
  expect(seen.map((one) => Number(one.split(' ', 1)[0]))).toEqual(seen.map((_, at) => at));
}, 60_000);
