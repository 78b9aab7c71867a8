/** A Switchboard inside a program of one's own, with a route of that program on the same port: `npx node examples/embed.ts` */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSwitchboard, parseConfig } from 'switchboard';

const data = await mkdtemp(join(tmpdir(), 'switchboard-embed-'));
const switchboard = await createSwitchboard(parseConfig({ options: { port: '0', data, 'log-level': 'warn' }, env: {} }));
switchboard.listener.http.get('/version', () => ({ program: 'mine', version: 1 }));
const { url } = await switchboard.listen();
console.log(`listening at ${url}`);

const token = await switchboard.chat.mintToken({ subject: '1', namespace: 'default', role: 'user', name: 'Ada', ttl: 60_000 });
const me = await fetch(`${url}/api/users/me`, { headers: { authorization: `Bearer ${token}` } });
console.log(`over HTTP: ${await me.text()}`);
console.log(`in process: ${JSON.stringify(await switchboard.chat.findUser('default', 1))}`);
console.log(`the route: ${await (await fetch(`${url}/version`)).text()}`);

await switchboard.close();
await rm(data, { recursive: true });
