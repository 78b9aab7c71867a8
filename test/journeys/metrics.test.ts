/** The figures of a whole server, scraped as Prometheus does: each moves as what it counts. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CARRIERS } from '../support/clients/carriers.ts';
import { request } from '../support/clients/http.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, textPost } from '../support/stream-peer.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** One scrape: every series by its name and labels as they are written. */
async function scrape(): Promise<(series: string) => number> {
  const { status, headers, body } = await request(server.port, { method: 'GET', path: '/metrics' });
  expect([status, headers['content-type']]).toEqual([200, expect.stringContaining('text/plain')]);
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const figures = new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
  return (series) => figures.get(series) ?? 0;
}

const of = (name: string): string => `switchboard_${name}{door="stream"}`;

test.each(CARRIERS)('sessions, sends and deliveries by door: $name', async (carrier) => {
  const users = await server.newUsers(4);
  const group = await server.group(users);
  const before = await scrape();
  const [writer, ...readers] = await Promise.all(users.map((user) => StreamPeer.connect(carrier, server, user)));
  expect((await scrape())(of('sessions'))).toBe(before(of('sessions')) + 4);
  for (const text of ['one', 'two']) await writer?.send({ group }, text);
  for (const peer of readers) expect([await peer.nextPush(), await peer.nextPush()]).toHaveLength(2);
  const after = await scrape();
  expect(after(of('sends_total'))).toBe(before(of('sends_total')) + 2);
  // Each of the three others is told twice; who sent it is answered, not told.
  expect(after(of('deliveries_total'))).toBe(before(of('deliveries_total')) + 6);
  for (const peer of [writer, ...readers]) await peer?.close();
  await expect.poll(async () => (await scrape())(of('sessions'))).toBe(before(of('sessions')));
});

test('commits: how many operations, how long; and the outbox, behind a sink that does not move', async () => {
  const [user] = await server.newUsers(1);
  const [carrier] = CARRIERS;
  if (carrier === undefined) throw new Error('there is a carrier');
  const group = await server.group([user]);
  const peer = await StreamPeer.connect(carrier, server, user);
  await peer.settled();
  const { core } = server.chat;
  const position = (await core.store.events(0, 10_000)).at(-1)?.id ?? 0;
  await core.committer.commit({ type: 'sink', sink: 'nobody', position, dead: [] });
  const before = await scrape();
  const answer = await peer.post(Array.from({ length: 20 }, (_, at) => textPost({ group }, user, `text ${at}`)));
  expect(answer.postbox?.posts).toHaveLength(20);
  const after = await scrape();
  const grown = (series: string): number => after(series) - before(series);
  const commits = grown('switchboard_commit_batch_size_count');
  expect(grown('switchboard_commit_batch_size_sum')).toBe(20);
  expect(commits).toBeGreaterThan(0);
  // Posts of one frame share a commit.
  expect(grown('switchboard_commit_batch_size_bucket{le="1"}')).toBeLessThan(commits);
  expect(grown('switchboard_commit_duration_seconds_count')).toBe(commits);
  expect(grown('switchboard_commit_duration_seconds_sum')).toBeGreaterThan(0);
  expect(grown('switchboard_commit_duration_seconds_bucket{le="+Inf"}')).toBe(commits);
  expect(grown('switchboard_outbox_depth')).toBe(20);
  expect(after('switchboard_operations_waiting')).toBe(0);
  await peer.close();
});

test('the event loop’s lag: a loop that was held up shows it at the next look', async () => {
  await scrape();
  // A look begins a new measurement, which takes two turns of the timer that measures (every 10 ms).
  await setTimeout(30);
  const heldUntil = performance.now() + 300;
  while (performance.now() < heldUntil);
  // One turn of the timers: the one that measures was due long before.
  await setTimeout(1);
  const lag = (await scrape())('switchboard_event_loop_lag_seconds');
  expect(lag).toBeGreaterThan(0.2);
});

test('refusals by door and code', async () => {
  const refused = 'switchboard_refusals_total{door="stream",code="unauthenticated"}';
  const before = await scrape();
  for (const _ of [1, 2, 3]) await request(server.port, { path: '/message/chat/send', body: '{}' });
  expect((await scrape())(refused)).toBe(before(refused) + 3);
});

test.each(['/healthz', '/readyz', '/metrics'])('HEAD %s has the head of GET and no body', async (path) => {
  const [get, head] = [await request(server.port, { method: 'GET', path }), await request(server.port, { method: 'HEAD', path })];
  expect([get.status, head.status, head.body]).toEqual([200, 200, '']);
  expect(head.headers['content-type']).toBe(get.headers['content-type']);
});
