/**
 * A server with people in it: what they do and when, on how many devices, and what the server answered. `verdict.ts` compares it with what
 * everybody has in the end.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSwitchboard, parseConfig } from '../../../src/compose.ts';
import type { Switchboard } from '../../../src/compose.ts';
import type { Carrier } from '../clients/carriers.ts';
import { CARRIERS } from '../clients/carriers.ts';
import type { Transport } from '../clients/messenger.ts';
import { Category, Type } from '../clients/stream-frame.ts';
import type { PostJson } from '../clients/stream-frame.ts';
import { SECRET, tokenFor } from '../tokens.ts';
import { callApi } from './api.ts';
import type { ApiAnswer } from './api.ts';
import { Chats } from './chats.ts';
import { Device } from './device.ts';
import type { Attempt } from './device.ts';
import { MessengerDevice } from './messenger-device.ts';
import { keyOf } from './places.ts';
import type { Place } from './places.ts';
import { UNAVAILABLE, attempt, callMessenger, markPost, sendLive, sendPost, textPost } from './routes.ts';
import type { AnyDevice, MessengerRoute, Route } from './routes.ts';

/** A message somebody wanted to send. Its text is its key, so that it is known wherever it turns up. */
export interface Letter {
  readonly key: string;
  readonly sender: number;
  readonly place: Place;
  /** Set by the first acceptance: every later answer must name the same. */
  id: number | undefined;
  refused: boolean;
  /** It has a file (ways.ts). */
  readonly hasFile: boolean;
}

/** Over the live connection of the device at its door, or in a call to any of them. */
export type AnyRoute = Route | MessengerRoute;

/** A user's times in a conversation, in order, by the world's clock. */
export interface Stay {
  /** When the request that began it was made; 0 for founders. */
  readonly from: number;
  /** When the request that ended it was answered. */
  until: number | undefined;
}

/** Kinds of devices: the carriers with and without extensions, and from here on the messenger's transports. */
const MESSENGER = 2 * CARRIERS.length;
const TRANSPORTS = ['websocket', 'polling'] as const;
const KINDS = MESSENGER + 2 * TRANSPORTS.length;

const OWNER = 101;
const USERS = [OWNER, 102, 103, 104] as const;

/** Small pages, so that every resume takes several; no wait between last connection and offline. */
const OPTIONS = {
  port: '0',
  'jwt-secret': SECRET,
  'rate-limit': 'off',
  'signal-rate': 'off',
  'max-uploads-per-user': '100',
  'max-page': '7',
  'presence-grace': '0',
  'recall-window': '0',
  'log-level': 'silent',
};

export interface Running {
  readonly board: Switchboard;
  readonly url: string;
  readonly port: number;
}

async function start(folder: string): Promise<Running> {
  const board = await createSwitchboard(parseConfig({ options: { ...OPTIONS, data: folder }, env: {} }));
  return { board, ...(await board.listen()) };
}

export class World {
  readonly users: readonly number[] = USERS;
  readonly devices: AnyDevice[] = [];
  readonly chats = new Chats();
  readonly letters: Letter[] = [];
  /** Every text a message may have had: by its id. */
  readonly versions = new Map<number, Set<string>>();
  /** `user conversation` → stays. */
  readonly stays = new Map<string, Stay[]>();
  readonly faults: string[] = [];
  groups: readonly number[] = [];
  channel = 0;
  room = 0;
  #now = 0;
  readonly #folder = mkdtempSync(join(tmpdir(), 'switchboard-world-'));
  #server = start(this.#folder);
  readonly #turns = new Map<string, Promise<void>>();

  private constructor() {}

  static async begin(): Promise<World> {
    const world = new World();
    // A user appears with the first valid token.
    for (const user of USERS) await world.call(user, 'GET', '/api/conversations');
    world.groups = [await world.#create('group', USERS.slice(0, 3)), await world.#create('group', USERS)];
    world.channel = await world.#create('channel', [OWNER, 102]);
    world.room = await world.#create('room', []);
    for (const id of [...world.groups, world.channel, world.room]) world.chats.name(id);
    await Promise.all(
      USERS.flatMap((user, at) => [at, at + CARRIERS.length + 1, at + MESSENGER].map((kind) => world.arrive(user, kind))),
    );
    return world;
  }

  async #create(kind: string, users: readonly number[]): Promise<number> {
    const members = users.filter((user) => user !== OWNER).map(String);
    const { body } = await this.call(OWNER, 'POST', '/api/conversations', { kind, name: `a ${kind}`, members });
    const id = Number((body as { id: string }).id);
    for (const user of users) this.stays.set(`${user} ${id}`, [{ from: 0, until: undefined }]);
    return id;
  }

  /** A new device of a user, at one of the doors, connects and takes everything over from the start. */
  async arrive(user: number, kind: number): Promise<void> {
    const device = this.#deviceOf(user, kind % KINDS);
    this.devices.push(device);
    await device.connect();
  }

  #deviceOf(user: number, kind: number): AnyDevice {
    const name = `${user}.${this.devices.length}`;
    const [carrier, transport] = [CARRIERS[kind % CARRIERS.length], TRANSPORTS[kind % TRANSPORTS.length]];
    if (carrier === undefined || transport === undefined) throw new Error('there are carriers and transports');
    return kind < MESSENGER
      ? this.newDevice(name, user, carrier, kind < CARRIERS.length)
      : this.newMessenger(name, user, transport);
  }

  newMessenger(name: string, user: number, transport: Transport): MessengerDevice {
    const port = async (): Promise<number> => (await this.#server).port;
    return new MessengerDevice({ name, user, transport, room: this.room, chats: this.chats, port, clock: () => this.tick() });
  }

  newDevice(name: string, user: number, carrier: Carrier, extensions: boolean): Device {
    const port = async (): Promise<number> => (await this.#server).port;
    return new Device({
      name,
      user,
      carrier,
      extensions,
      token: tokenFor(user),
      room: this.room,
      port,
      clock: () => this.tick(),
    });
  }

  server(): Promise<Running> {
    return this.#server;
  }

  tick(): number {
    this.#now += 1;
    return this.#now;
  }

  places(user: number): readonly Place[] {
    return [
      ...this.users.map((receiver) => ({ category: Category.PRIVATE, receiver })),
      ...this.groups.map((receiver) => ({ category: Category.GROUP, receiver })),
      { category: Category.ROOM, receiver: this.room },
      ...(user === OWNER ? [this.channel, this.channel] : [this.channel]).map((receiver) => ({
        category: Category.CHANNEL,
        receiver,
      })),
    ];
  }

  isIn(user: number, conversation: number): boolean {
    const stay = this.stays.get(`${user} ${conversation}`)?.at(-1);
    return stay !== undefined && stay.until === undefined;
  }

  /** Sends some letters one behind the other by the same route, each until it is accepted or refused; then some again. */
  async send(device: AnyDevice, place: Place, count: number, route: AnyRoute, again: AnyRoute | undefined): Promise<void> {
    const letters = Array.from({ length: count }, () => this.#write(device.user, place, route === 'form'));
    const first = letters.map((letter) => this.#attempt(device, letter, route));
    const attempts = await Promise.all(first);
    this.#checkOrder(device, letters, attempts, route);
    await Promise.all(
      letters.map((letter, at) => this.#settle(device, letter, attempts[at] ?? { type: 'lost' }, again ?? 'post')),
    );
    if (again !== undefined) await Promise.all(letters.map((letter) => this.#repeat(device, letter, again)));
  }

  #write(sender: number, place: Place, hasFile: boolean): Letter {
    const letter: Letter = { key: `letter ${this.letters.length}`, sender, place, id: undefined, refused: false, hasFile };
    this.letters.push(letter);
    return letter;
  }

  /** Posts that follow each other on one connection are stored in that order. */
  #checkOrder(device: AnyDevice, letters: readonly Letter[], attempts: readonly Attempt[], route: AnyRoute): void {
    if (route !== 'stream') return;
    let before = 0;
    for (const [at, first] of attempts.entries()) {
      if (first.type !== 'accepted') return;
      const letter = letters[at];
      if (first.id < before && letter !== undefined) {
        this.faults.push(
          `${device.name} sent ${letter.key} to ${keyOf(letter.place, device.user)} after one that was stored later`,
        );
      }
      before = first.id;
    }
  }

  async #settle(device: AnyDevice, letter: Letter, first: Attempt, route: AnyRoute): Promise<void> {
    let last = first;
    // A refusal on the stream has no reason there, or one that passes: the single call tells it.
    for (let by = route; last.type !== 'accepted'; by = 'post') {
      if (last.type === 'refused' && last.code !== undefined && last.code !== UNAVAILABLE) break;
      last = await this.#attempt(device, letter, by);
    }
    if (last.type === 'accepted') {
      this.#accept(letter, last.id);
      noteOwn(device, textPost(letter.sender, { ...letter, text: letter.key }), last.id);
    } else letter.refused = true;
  }

  /** The same key again, by whatever route, answers the same, unless the sender may not write there any more. */
  async #repeat(device: AnyDevice, letter: Letter, route: AnyRoute): Promise<void> {
    if (letter.id === undefined) return;
    const repeated = await this.#attempt(device, letter, route);
    if (repeated.type === 'accepted') this.#accept(letter, repeated.id);
  }

  #accept(letter: Letter, id: number): void {
    if (letter.id !== undefined && letter.id !== id) this.faults.push(`${letter.key} was accepted as ${letter.id} and as ${id}`);
    letter.id = id;
    this.version(id, letter.key);
  }

  version(id: number, text: string): void {
    const texts = this.versions.get(id) ?? new Set();
    this.versions.set(id, texts.add(text));
  }

  async #attempt(device: AnyDevice, { key, place, hasFile }: Letter, route: AnyRoute): Promise<Attempt> {
    const note = { key, place, text: key };
    // What has a file goes to the only door that takes both together: the same key has the same content.
    const by = hasFile ? 'form' : route === 'form' ? 'json' : route;
    // On a live connection it goes out at once, so that what follows it follows it there.
    if (by === 'stream') return sendLive(device, note);
    const server = await this.#server;
    if (by === 'json' || by === 'form') return callMessenger(server.url, device.user, note, by, this.chats);
    return attempt(by, server, device, note);
  }

  /** RECALL or READ of a message by a device; by a call of its own when the device is away. */
  async mark(device: AnyDevice, type: number, place: Place, id: number): Promise<void> {
    const post = markPost(type, device.user, place, id);
    const key = `mark ${this.tick()} by ${device.name}`;
    let last = device.door === 'stream' ? await device.post(key, post) : await this.#markInChat(device, type, place, id);
    while (last.type === 'lost' || (last.type === 'refused' && last.code === UNAVAILABLE)) {
      last = await sendPost((await this.#server).url, device.user, post, key);
    }
    if (last.type === 'accepted') noteOwn(device, post, id);
  }

  async #markInChat(device: MessengerDevice, type: number, place: Place, id: number): Promise<Attempt> {
    if (type === Type.READ) return device.read(place, id);
    const { status } = await this.call(device.user, 'DELETE', `/api/messages/${id}`);
    return status < 300 ? { type: 'accepted', id } : { type: 'refused', code: status };
  }

  /** With the words of the management interface or of the messenger. */
  async edit(user: number, place: Place, id: number, text: string, inChat: boolean): Promise<void> {
    this.version(id, text);
    if (inChat) {
      await this.call(user, 'PATCH', `/api/messages/${id}`, { content: text });
      return;
    }
    const conversation = await this.#conversationAt(user, place);
    await this.call(user, 'PATCH', `/api/conversations/${conversation}/messages/${id}`, { text });
  }

  async #conversationAt(user: number, { category, receiver }: Place): Promise<string> {
    if (category !== Category.PRIVATE) return String(receiver);
    const { body } = await this.call(user, 'GET', '/api/conversations');
    const { conversations } = body as { conversations: { id: string; peerId?: string }[] };
    const found = conversations.find(({ peerId }) => peerId === String(receiver));
    if (found === undefined) throw new Error(`${user} has no conversation with ${receiver}`);
    return found.id;
  }

  /** Adds the user to a group or channel who is not in it, else removes them; one change of one user after the other. */
  async turn(conversation: number, user: number, bySelf: boolean): Promise<void> {
    const key = `${user} ${conversation}`;
    const done = (this.#turns.get(key) ?? Promise.resolve()).then(() => this.#turnNow(conversation, user, bySelf));
    this.#turns.set(key, done);
    await done;
  }

  async #turnNow(conversation: number, user: number, bySelf: boolean): Promise<void> {
    if (user === OWNER) return;
    const key = `${user} ${conversation}`;
    const stays = this.stays.get(key) ?? [];
    this.stays.set(key, stays);
    const from = this.tick();
    const members = `/api/conversations/${conversation}/members`;
    if (this.isIn(user, conversation)) {
      if (bySelf) await this.call(user, 'DELETE', `${members}/me`);
      else await this.call(OWNER, 'PUT', members, { remove: [String(user)] });
      const stay = stays.at(-1);
      if (stay !== undefined) stay.until = this.tick();
    } else {
      stays.push({ from, until: undefined });
      if (bySelf && conversation === this.channel) await this.call(user, 'POST', `${members}/me`);
      else await this.call(OWNER, 'PUT', members, { add: [String(user)] });
    }
  }

  /** A call of the management interface, until the server has answered it: it may go down meanwhile. */
  async call(user: number, method: string, path: string, body?: object): Promise<ApiAnswer> {
    for (;;) {
      const { url } = await this.#server;
      const answer = await callApi(url, { user, method, path, ...(body && { body }) });
      if (answer !== undefined && answer.status !== 503) return answer;
    }
  }

  /** Drains the server and starts another on the same data; everybody comes back by themselves. */
  async restart(): Promise<void> {
    const next = this.#server.then(async ({ board }) => {
      await board.close();
      return start(this.#folder);
    });
    this.#server = next;
    await next;
  }

  async end(): Promise<void> {
    for (const device of this.devices) device.drop();
    const { board } = await this.#server;
    await board.close();
    rmSync(this.#folder, { recursive: true });
  }
}

/** On the stream nobody tells a device what it has done itself; in the messenger its own messages come back to it. */
function noteOwn(device: AnyDevice, post: PostJson, id: number): void {
  if (device.door === 'stream') device.note(post, id);
}
