/** A data folder that server after server lives on, each killed in the middle of its work, and everybody who works with them. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { CARRIERS, grpc, webSocketBinary, webSocketText } from '../clients/carriers.ts';
import { Category } from '../clients/stream-frame.ts';
import { tokenFor } from '../tokens.ts';
import { callApi } from './api.ts';
import { Chats } from './chats.ts';
import { Churn } from './churn.ts';
import { Device } from './device.ts';
import type { Seen } from './device.ts';
import { leftOvers } from './files-verdict.ts';
import { inspect } from './inspect.ts';
import type { Inspected } from './inspect.ts';
import { checkFiles, checkLetters } from './letters-verdict.ts';
import { MessengerDevice } from './messenger-device.ts';
import { keyOf } from './places.ts';
import type { Place } from './places.ts';
import type { Random } from './random.ts';
import { Regretter } from './regretter.ts';
import type { AnyDevice } from './routes.ts';
import { kill, startProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import { inCalls, onSocket, onStream } from './ways.ts';
import { Writer } from './writer.ts';

const OWNER = 300;
const WRITERS = [301, 302, 303, 304] as const;
const MESSENGERS = [312, 313, 314, 315] as const;
const CHURNER = 305;
/** At the stream, and at the messenger. */
const LISTENERS = [306, 307] as const;
const CHAT_LISTENERS = [316, 317] as const;
const REGRETTER = 318;
const REGRETS_AT_ONCE = 4;
const GUESTS = [308, 309, 310] as const;
const PAGER = 311;
/** So many conversations that what is written behind the log takes several transactions. */
const ACQUAINTANCES = Array.from({ length: 200 }, (_, at) => 1_000 + at);
const MEMBERS = [...WRITERS, ...MESSENGERS, ...LISTENERS, ...CHAT_LISTENERS, REGRETTER, PAGER] as const;

/** Letters in a group that comes and goes: its erasure takes several slices. */
const FULL_GROUP = 1_200;

export interface CampaignOptions {
  readonly folder: string;
  readonly random: Random;
  /** Added to the environment of the servers. */
  readonly env?: Readonly<Record<string, string>>;
  /** What else befalls the folder after each kill. */
  readonly killed?: () => void;
}

/**
 * When a server is killed: when it has accepted so many letters, or some milliseconds after it has written what it puts off, or after it has begun
 * to move its log into the database.
 */
export type Moment = { readonly letters: number } | { readonly tidied: number } | { readonly checkpoint: number };

/** How often it is looked whether a server has tidied up, and how long between two looks: half a minute in all. */
const TIDY_LOOKS = 300;
const TIDY_LOOK_EVERY_MS = 100;

/** How often it is looked whether the server has begun. */
const LOOK_EVERY_MS = 5;

interface HistoryJson {
  readonly id: string;
  readonly senderId: string;
  readonly text?: string;
}

export class Campaign {
  readonly faults: string[] = [];
  readonly writers: readonly Writer[];
  readonly churn: Churn;
  /** Kills that left messages of deleted conversations to be erased. */
  unerased = 0;
  /** Every message that anybody was shown, by its id. */
  readonly #shown = new Map<number, Seen>();
  readonly #options: CampaignOptions;
  readonly #listeners: AnyDevice[] = [];
  readonly #chats = new Chats();
  readonly #regretter: Regretter;
  /** Two groups and a room: what the listeners hear. */
  readonly #shared: Place[] = [];
  #port = Promise.withResolvers<number>();
  #clock = 0;
  #accepted = 0;
  #awaited: { readonly count: number; readonly reached: () => void } | undefined;

  private constructor(options: CampaignOptions) {
    this.#options = options;
    const friends = [...WRITERS, ...ACQUAINTANCES].map((receiver) => ({ category: Category.PRIVATE, receiver }));
    const toShared = (): readonly Place[] => this.#shared;
    const toMany = (): readonly Place[] => [...this.#shared, ...friends];
    const accepted = (): void => this.#count();
    this.writers = [
      new Writer({ user: 301, way: onStream(grpc), places: toShared, window: 64, size: 100, accepted }),
      new Writer({ user: 302, way: onStream(webSocketText), places: toMany, window: 64, size: 100, accepted }),
      new Writer({ user: 303, way: onStream(webSocketBinary), places: toMany, window: 16, size: 100, accepted }),
      // Long enough for several checkpoints.
      new Writer({
        user: 304,
        way: onStream(webSocketText),
        places: () => [{ category: Category.PRIVATE, receiver: 304 }],
        window: 32,
        size: 8_000,
        accepted,
      }),
      new Writer({ user: 312, way: onSocket('websocket'), places: toShared, window: 32, size: 100, accepted }),
      new Writer({ user: 313, way: onSocket('polling'), places: toShared, window: 32, size: 100, accepted }),
      // Calls beside each other have no order.
      new Writer({ user: 314, way: inCalls('json'), places: toShared, window: 8, size: 100, accepted }),
      new Writer({ user: 315, way: inCalls('form'), places: toShared, window: 8, size: 100, accepted, files: true }),
      new Writer({ user: CHURNER, way: onStream(webSocketText), places: () => this.#churning(), window: 64, size: 20, accepted }),
    ];
    const isFull = (group: number): boolean => this.#lettersTo(group) >= FULL_GROUP;
    this.#regretter = new Regretter({ user: REGRETTER, place: () => this.#shared[1] });
    this.churn = new Churn({ owner: OWNER, writer: CHURNER, guests: GUESTS, random: options.random, isFull });
  }

  /** Makes everybody known in a first life that ends in order. */
  static async begin(options: CampaignOptions): Promise<Campaign> {
    const campaign = new Campaign(options);
    await using server = await startProcess(options.folder, options.env);
    const everybody = [OWNER, CHURNER, ...MEMBERS, ...GUESTS, ...ACQUAINTANCES];
    await Promise.all(everybody.map((user) => callApi(server.url, { user, method: 'GET', path: '/api/conversations' })));
    const members = MEMBERS.map(String);
    for (const name of ['one', 'two']) {
      const receiver = await campaign.#create(server, { kind: 'group', name, members });
      campaign.#shared.push({ category: Category.GROUP, receiver });
    }
    campaign.#shared.push({ category: Category.ROOM, receiver: await campaign.#create(server, { kind: 'room', name: 'room' }) });
    await campaign.#stop(server);
    for (const [at, user] of LISTENERS.entries()) campaign.#listeners.push(campaign.#device(`listener ${at}`, user, at));
    for (const { receiver } of campaign.#shared) campaign.#chats.name(receiver);
    for (const [at, user] of CHAT_LISTENERS.entries()) campaign.#listeners.push(campaign.#messengerDevice(user, at));
    for (const listener of campaign.#listeners) void listener.connect();
    return campaign;
  }

  /** Letters that were accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Files that were accepted with a letter, and those that were taken back. */
  get files(): number {
    const kept = this.writers.filter(({ files }) => files).flatMap(({ letters }) => letters.filter(({ id }) => id !== 0));
    return kept.length + this.#regretter.regretted;
  }

  #count(): void {
    this.#accepted += 1;
    if (this.#awaited !== undefined && this.#accepted >= this.#awaited.count) this.#awaited.reached();
  }

  async #create({ url }: ServerProcess, body: object): Promise<number> {
    const answer = await callApi(url, { user: OWNER, method: 'POST', path: '/api/conversations', body });
    return Number((answer?.body as { id: string }).id);
  }

  #device(name: string, user: number, at: number): Device {
    const carrier = CARRIERS[at % CARRIERS.length] ?? grpc;
    const port = (): Promise<number> => this.#port.promise;
    const clock = (): number => (this.#clock += 1);
    return new Device({ name, user, carrier, extensions: true, token: tokenFor(user), room: this.#room, port, clock });
  }

  #messengerDevice(user: number, at: number): MessengerDevice {
    const transport = at % 2 === 0 ? 'websocket' : 'polling';
    const port = (): Promise<number> => this.#port.promise;
    const clock = (): number => (this.#clock += 1);
    return new MessengerDevice({ name: `by ${transport}`, user, transport, room: this.#room, chats: this.#chats, port, clock });
  }

  get #room(): number {
    return this.#shared.find(({ category }) => category === Category.ROOM)?.receiver ?? 0;
  }

  #churning(): readonly Place[] {
    const receiver = this.churn.current;
    return [receiver === undefined ? { category: Category.PRIVATE, receiver: CHURNER } : { category: Category.GROUP, receiver }];
  }

  #lettersTo(group: number): number {
    const letters = this.writers.at(-1)?.letters ?? [];
    let count = 0;
    for (let at = letters.length - 1; at >= 0 && letters[at]?.place.receiver === group; at -= 1) count += 1;
    return count;
  }

  /** One life: everybody works until the moment has come, then the server is killed and the folder is looked at. */
  async round(moment: Moment): Promise<void> {
    await using server = await startProcess(this.#options.folder, this.#options.env);
    this.#port.resolve(server.port);
    const work = [
      ...this.writers.map((writer) => writer.write(server.port)),
      this.churn.live(server.url),
      ...Array.from({ length: REGRETS_AT_ONCE }, () => this.#regretter.live(server.url)),
      this.#page(server),
      this.#peek(server),
    ];
    await this.#wait(server, moment);
    await this.#end(server, () => kill(server));
    await Promise.all(work);
    this.#options.killed?.();
    const found = await inspect(this.#options.folder);
    if (found.erasing > 0) this.unerased += 1;
    this.#check(found);
  }

  async #wait(server: ServerProcess, moment: Moment): Promise<void> {
    await Promise.race([this.#come(server, moment), server.running.ended()]);
  }

  #come(server: ServerProcess, moment: Moment): Promise<void> {
    if ('letters' in moment) return this.#reach(this.#accepted + moment.letters);
    return 'tidied' in moment ? this.#tidied(server, moment.tidied) : this.#checkpoint(server, moment.checkpoint);
  }

  #reach(count: number): Promise<void> {
    return new Promise((reached) => {
      this.#awaited = { count, reached };
    });
  }

  /** What is written behind the log leaves no other trace than its progress in the database. */
  async #tidied(server: ServerProcess, later: number): Promise<void> {
    const db = new DatabaseSync(join(this.#options.folder, 'switchboard.db'), { readOnly: true });
    const progress = db.prepare('SELECT max(value) AS value FROM progress');
    const before = progress.get()?.['value'];
    while (server.alive && progress.get()?.['value'] === before) await setTimeout(LOOK_EVERY_MS);
    db.close();
    await setTimeout(later);
  }

  /** The database file itself is written by nothing else. */
  async #checkpoint(server: ServerProcess, later: number): Promise<void> {
    const file = join(this.#options.folder, 'switchboard.db');
    const before = statSync(file).mtimeMs;
    while (server.alive && statSync(file).mtimeMs === before) await setTimeout(LOOK_EVERY_MS);
    await setTimeout(later);
  }

  /** A last life: what is open is sent until it is settled, listeners catch up, the server ends in order. */
  async finish(): Promise<void> {
    await using server = await startProcess(this.#options.folder, this.#options.env);
    this.#port.resolve(server.port);
    for (const writer of this.writers) {
      if (!(await writer.finish(server.port))) this.faults.push(`${writer.user} did not get an answer to everything`);
    }
    const missing = await this.#catchUp(server);
    this.faults.push(...missing);
    await this.#stop(server);
    const found = await inspect(this.#options.folder);
    this.#check(found);
    if (found.erasing > 0) this.faults.push(`${found.erasing} messages of deleted conversations are left after an orderly end`);
    for (const letter of this.writers.flatMap(({ letters }) => letters)) {
      if (letter.id === 0 && !letter.refused) this.faults.push(`${letter.key} has no answer`);
      if (letter.refused && !this.churn.mayBeGone(letter.place.receiver)) this.faults.push(`${letter.key} was refused`);
    }
    for (const listener of this.#listeners) this.#compare(listener, found);
    await this.#tidy();
  }

  /** A life in which nobody does anything: files without a use and bytes without a file go. */
  async #tidy(): Promise<void> {
    await using server = await startProcess(this.#options.folder, {
      ...this.#options.env,
      SWITCHBOARD_UNUSED_FILE_LIFETIME: '1s',
    });
    const { folder } = this.#options;
    for (let looks = 0; looks < TIDY_LOOKS && leftOvers(folder).length > 0; looks += 1) await setTimeout(TIDY_LOOK_EVERY_MS);
    await this.#stop(server);
    this.faults.push(...leftOvers(folder));
    this.#check(await inspect(folder));
  }

  /** Clients that ask for everything from the start and go away in the middle of it. */
  async #page(server: ServerProcess): Promise<void> {
    while (server.alive) {
      const device = this.#device('pager', PAGER, this.#options.random.below(3));
      void device.connect();
      await setTimeout(this.#options.random.below(200));
      device.drop();
      this.faults.push(...device.faults);
      this.#remember(device);
    }
  }

  /** Looks at the newest messages again and again (they may be not yet on disk, and must not be shown then) and reads up to there. */
  async #peek({ url }: ServerProcess): Promise<void> {
    const conversation = String(this.#shared[0]?.receiver);
    const path = `/api/conversations/${conversation}`;
    for (;;) {
      const answer = await callApi(url, { user: PAGER, method: 'GET', path: `${path}/messages?limit=5` });
      const read = await callApi(url, { user: PAGER, method: 'POST', path: `${path}/read`, body: {} });
      if (answer === undefined || read === undefined) return;
      for (const { id, senderId, text } of (answer.body as { messages: HistoryJson[] }).messages) {
        this.#shown.set(Number(id), { id: Number(id), conversation, sender: Number(senderId), text, at: 0 });
      }
    }
  }

  #remember({ seen }: AnyDevice): void {
    for (const one of seen.values()) this.#shown.set(one.id, one);
  }

  /** A last message in each group reaches the listeners behind everything else that is said; what they asked for may be on its way still. */
  async #catchUp({ url }: ServerProcess): Promise<string[]> {
    for (const { receiver } of this.#shared) {
      const path = `/api/conversations/${receiver}/messages`;
      const answer = await callApi(url, { user: OWNER, method: 'POST', path, body: { text: 'the end' } });
      if (answer?.status !== 201) return [`the last message was answered ${answer?.status}`];
      await Promise.all(this.#listeners.map((listener) => listener.hasAllUpTo(Number((answer.body as { id: string }).id))));
    }
    return this.#listeners.flatMap(({ faults }) => faults);
  }

  async #stop(server: ServerProcess): Promise<void> {
    await this.#end(server, async () => {
      server.running.kill('SIGTERM');
      const code = await server.running.ended();
      if (code !== 0) this.faults.push(`SIGTERM ended the server with ${code}`);
    });
  }

  /** Ends a server that must have lived until now, without complaints. */
  async #end(server: ServerProcess, how: () => Promise<void>): Promise<void> {
    const { running } = server;
    // Whoever loses the connection waits for the next server.
    this.#port = Promise.withResolvers();
    if (!server.alive) this.faults.push('the server ended by itself');
    await how();
    if (running.err.length > 0) this.faults.push(`the server said: ${running.err.slice(0, 5).join(' ')}`);
  }

  #check(found: Inspected): void {
    this.faults.push(...found.faults);
    this.churn.check(found);
    this.#regretter.check(found);
    this.faults.push(...this.churn.faults.splice(0), ...this.#regretter.faults.splice(0));
    const written = new Set(this.#regretter.keys());
    for (const writer of this.writers) {
      for (const [conversation, letters] of writer.byConversation()) {
        for (const { key } of letters) written.add(`${writer.user} ${key}`);
        if (this.churn.mayBeGone(Number(conversation))) continue;
        this.faults.push(...checkLetters(conversation, letters, found, writer.isOrdered));
        if (writer.files) this.faults.push(...checkFiles(letters, found));
      }
    }
    for (const listener of this.#listeners) this.#remember(listener);
    const stored = [...found.conversations.values()].flat();
    const texts = new Map(stored.map(({ id, text }) => [id, text]));
    for (const { id, text, conversation } of this.#shown.values()) {
      const stays = texts.get(id) === (text ?? null) || (texts.get(id) === null && this.#regretter.mayBeGone(id));
      if (id > (found.cuts.get(conversation) ?? 0) && !stays) this.faults.push(`${id} was shown to somebody and is lost`);
    }
    for (const message of stored) {
      const known = message.key === null ? message.text === 'the end' : written.has(`${message.sender} ${message.key}`);
      if (!known) this.faults.push(`${message.id} (${message.key}) is stored and was never sent`);
    }
  }

  /** A listener has everything of its conversations and nothing else, but for what a room has left behind. */
  #compare(listener: AnyDevice, found: Inspected): void {
    const seen = Map.groupBy(listener.seen.values(), ({ conversation }) => conversation);
    for (const place of this.#shared) {
      const key = keyOf(place, listener.user);
      const stored = found.conversations.get(key) ?? [];
      for (const { id, text } of stored) {
        if (!listener.seen.has(id) || listener.seen.get(id)?.text !== (text ?? undefined))
          this.faults.push(`${listener.name} has not ${id} as it is`);
      }
      const cut = found.cuts.get(key) ?? 0;
      const kept = (seen.get(key) ?? []).filter(({ id }) => id > cut).length;
      if (kept !== stored.length)
        this.faults.push(`${listener.name} has ${kept} messages of ${key}, stored are ${stored.length}`);
      seen.delete(key);
    }
    if (seen.size > 0) this.faults.push(`${listener.name} has messages of ${[...seen.keys()].join()}`);
    listener.drop();
  }
}
