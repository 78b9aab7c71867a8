/**
 * `kill -9` between commit, publish and checkpoint (design.md, promise 8): what was acknowledged is told to every sink, in order for each
 * conversation, and what is told again is the same under the same id. SOAK_SEED chooses the same moments again.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { idOfUuid } from '../../src/core/index.ts';
import { callApi } from '../support/crash/api.ts';
import { createRandom } from '../support/crash/random.ts';
import { kill, startProcess } from '../support/crash/server-process.ts';
import type { ServerProcess } from '../support/crash/server-process.ts';
import { Receiver } from '../support/receiver.ts';
import { API_TOKENS } from '../support/server.ts';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 6);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 2 ** 31);

const WRITERS = [1, 2, 3, 4];
/** Of a hundred requests, so many are answered 503. */
const UNAVAILABLE = 2;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-crash-events-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly id: string;
  readonly name: string;
  readonly payload: {
    readonly personalChatSent?: { readonly message_id: string; readonly target_id: string; readonly payload: string };
  };
}

/** Writes to one conversation until the server is gone; what has no answer is sent again by the next life under the same key. */
class Writer {
  readonly accepted = new Map<number, string>();
  readonly #user: number;
  readonly #conversation: string;
  #number = 0;

  constructor(user: number, conversation: string) {
    this.#user = user;
    this.#conversation = conversation;
  }

  /** Once, with `isLast`: what was open when the last server was killed. */
  async write(server: ServerProcess, accepted: () => void, isLast = false): Promise<void> {
    for (let written = 0; server.alive && !(isLast && written > 0);) {
      const text = `${this.#user}/${this.#number}`;
      const path = `/api/conversations/${this.#conversation}/messages`;
      const answer = await callApi(server.url, { user: this.#user, method: 'POST', path, body: { text }, key: text });
      if (answer === undefined || answer.status === 503) continue;
      // 200: it was stored by the life before.
      expect([200, 201]).toContain(answer.status);
      this.accepted.set(Number((answer.body as { id: string }).id), text);
      this.#number += 1;
      written += 1;
      accepted();
    }
  }
}

/** Every sink has everything. */
async function settled({ url }: ServerProcess): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/api/events/sinks`, { headers: { 'api-token': API_TOKENS.admin } });
    const { sinks } = (await response.json()) as { sinks: { behind: number; pending: number }[] };
    expect(sinks).toHaveLength(2);
    if (sinks.every(({ behind, pending }) => behind === 0 && pending === 0)) return;
    await setTimeout(50);
  }
}

function faultsOf(sink: string, told: readonly Told[], writers: readonly Writer[]): string[] {
  const faults: string[] = [];
  const bodies = new Map<string, string>();
  const newest = new Map<string, number>();
  const messages = new Map<number, string>();
  for (const event of told) {
    const text = JSON.stringify(event);
    const before = bodies.get(event.id);
    if (before !== undefined && before !== text) faults.push(`${sink} was told ${event.id} in two ways`);
    bodies.set(event.id, text);
    const sent = event.payload.personalChatSent;
    if (before !== undefined || sent === undefined) continue;
    const id = idOfUuid(sent.message_id) ?? 0;
    if (id <= (newest.get(sent.target_id) ?? 0)) faults.push(`${sink} was told ${id} behind a newer one`);
    newest.set(sent.target_id, id);
    messages.set(id, sent.payload);
  }
  for (const { accepted } of writers) {
    for (const [id, text] of accepted) {
      if (messages.get(id) !== text) faults.push(`${sink} was not told of ${id} (${text})`);
      messages.delete(id);
    }
  }
  for (const [id, text] of messages) faults.push(`${sink} was told of ${id} (${text}), which nobody has sent`);
  return faults;
}

it(`tells everything in ${ROUNDS} kills`, { timeout: 60_000 + ROUNDS * 20_000 }, async () => {
  const random = createRandom(SEED);
  await using receiver = await Receiver.plain();
  receiver.reply = (response) => response.writeHead(random.below(100) < UNAVAILABLE ? 503 : 204).end();
  const path = join(folder, 'events.jsonl');
  const env = {
    SWITCHBOARD_WEBHOOK_URL: `http://127.0.0.1:${receiver.port}/`,
    SWITCHBOARD_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    SWITCHBOARD_WEBHOOK_ALLOW: '127.0.0.0/8',
    SWITCHBOARD_EVENTS_FILE: path,
  };
  const data = join(folder, 'data');
  const writers: Writer[] = [];
  {
    await using server = await startProcess(data, env);
    for (const user of WRITERS) {
      await callApi(server.url, { user: user + 100, method: 'GET', path: '/api/conversations' });
      const body = { kind: 'group', name: 'a test', members: [String(user + 100)] };
      const made = await callApi(server.url, { user, method: 'POST', path: '/api/conversations', body });
      writers.push(new Writer(user, (made?.body as { id: string }).id));
    }
    await kill(server);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    await using server = await startProcess(data, env);
    const enough = 20 + random.below(300);
    let accepted = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = writers.map((writer) =>
      writer.write(server, () => {
        accepted += 1;
        if (accepted === enough) resolve();
      }),
    );
    await Promise.race([promise, server.running.ended()]);
    await setTimeout(random.below(250));
    await kill(server);
    await Promise.all(work);
  }
  await using server = await startProcess(data, env);
  await Promise.all(writers.map((writer) => writer.write(server, () => undefined, true)));
  await settled(server);
  server.running.kill('SIGTERM');
  expect(await server.running.ended()).toBe(0);

  const webhook = receiver.received.map(({ body }) => JSON.parse(body) as Told);
  const lines = readdirSync(folder)
    .filter((name) => name.startsWith('events'))
    .toSorted()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '');
  const file = lines.map((line) => JSON.parse(line) as Told);
  const faults = [...faultsOf('the webhook', webhook, writers), ...faultsOf('the file', file, writers)];
  expect(faults.slice(0, 10), `seed ${SEED}`).toEqual([]);
  const accepted = writers.reduce((sum, writer) => sum + writer.accepted.size, 0);
  expect(accepted).toBeGreaterThan(0);
  console.log(
    `${ROUNDS} kills, ${accepted} messages, told ${webhook.length} times by webhook and ${file.length} times in the file; seed ${SEED}`,
  );
});
