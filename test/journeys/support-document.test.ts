/** The sample session of docs/protocols/support.md, played as it is shown. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeskPeer } from '../support/clients/support.ts';
import type { DeskRole } from '../support/clients/support.ts';
import { readDocument } from '../support/documents.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const PAGE = 'docs/protocols/support.md';
const PEOPLE: Readonly<Record<string, { id: number; role: DeskRole; name: string }>> = {
  Anna: { id: 1, role: 'user', name: 'Anna' },
  Ben: { id: 2, role: 'operator', name: 'Ben' },
  Board: { id: 2, role: 'operator', name: 'Ben' },
};
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const ID = /\b\d{15}\b/g;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** Names in the document to those that stand for them here. */
const names = new Map<string, string>();

/** What the document shows, with the ids and times of this run where they have the right form. */
function liken(shown: unknown, got: unknown): unknown {
  const known = String(shown);
  if (typeof shown === 'string' && TIME.test(shown)) return typeof got === 'string' && TIME.test(got) ? got : shown;
  if (typeof shown === 'number' && /^\d{15}$/.test(known)) {
    if (typeof got === 'number' && !names.has(known)) names.set(known, String(got));
    return Number(names.get(known));
  }
  if (typeof shown === 'string' && known.replace(UUID, '') === '' && known !== '') {
    if (typeof got === 'string' && !names.has(known)) names.set(known, got);
    return names.get(known);
  }
  if (Array.isArray(shown)) return shown.map((item, at) => liken(item, Array.isArray(got) ? got[at] : undefined));
  if (typeof shown !== 'object' || shown === null) return shown;
  return Object.fromEntries(
    Object.entries(shown).map(([key, value]) => [key, liken(value, (got as Record<string, unknown> | undefined)?.[key])]),
  );
}

test('goes as it is shown', async () => {
  const lines = readDocument(PAGE)
    .split('\n')
    .filter((line) => /^(Anna|Ben|Board) [→←] /.test(line));
  expect(lines.length).toBeGreaterThan(12);
  const peers = new Map<string, DeskPeer>();
  const connect = async (name: string, target: string): Promise<void> => {
    const { id, role, name: called } = PEOPLE[name] ?? { id: 0, role: 'guest', name: '' };
    const [path = '', query = ''] = target.split('?');
    const token = tokenFor(id, { role, name: called });
    peers.set(name, await DeskPeer.connect(server.url, id, { path: path as '/chat' | '/broadcast', query, token }));
  };
  await connect('Board', '/broadcast?source=shop');
  for (const line of lines) {
    const [, name = '', arrow, what = ''] = /^(\w+) ([→←]) (.*)$/.exec(line) ?? [];
    const said = what.replaceAll(UUID, (uuid) => names.get(uuid) ?? uuid).replaceAll(ID, (id) => names.get(id) ?? id);
    const target = /^GET (\S+) +Upgrade: websocket$/.exec(said)?.[1];
    if (target !== undefined) await connect(name, target);
    else if (arrow === '→') peers.get(name)?.raw(said);
    else {
      const shown = JSON.parse(what) as { type: string };
      const got = await peers.get(name)?.next(shown.type);
      expect(got).toEqual(liken(shown, got));
    }
  }
});
