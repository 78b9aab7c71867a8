/** The support desk in a campaign: clients and operators in chats, one on the broadcast and a back end, and what must be true of them. */
import { messageStatus } from '../../../src/core/index.ts';
import type { SupportChat } from '../../../src/core/index.ts';
import { tokenFor } from '../tokens.ts';
import { DeskBackEnd, editedTextOf, textOf } from './desk-back-end.ts';
import type { Pushed } from './desk-back-end.ts';
import { DeskBoard } from './desk-board.ts';
import { DeskDevice, isAside, rankOf } from './desk-device.ts';
import type { DeskMessageJson } from './desk-device.ts';
import type { Inspected, StoredMessage } from './inspect.ts';
import type { Random } from './random.ts';

const SOURCE = 'crash';
const CLIENTS = [401, 402] as const;
const OPERATORS = [411, 412] as const;
const ON_BROADCAST = 413;
const NEWCOMERS = Array.from({ length: 20 }, (_, at) => 420 + at);

/** Calls of the back end beside each other. */
const PUSHES_AT_ONCE = 3;
const OFFERS_AT_ONCE = 2;

/** Messages under way of each who writes. */
const WINDOW = 4;

export class SupportDesk {
  readonly faults: string[] = [];
  readonly backEnd: DeskBackEnd;
  readonly devices: readonly DeskDevice[];
  /** Who has not come to an end yet: what to look at where a campaign does not come to one. */
  readonly busy = new Set<string>();
  readonly #board = new DeskBoard(ON_BROADCAST, SOURCE);

  private constructor(chats: ReadonlyMap<string, number>, random: Random) {
    this.backEnd = new DeskBackEnd({ source: SOURCE, chats, operators: OPERATORS, newcomers: NEWCOMERS, random });
    this.devices = [...chats].flatMap(([chat, client]) => [
      new DeskDevice({ user: client, role: 'user', chat, window: WINDOW }),
      // A second device of the client.
      new DeskDevice({ user: client, role: 'user', chat, window: 0 }),
      ...OPERATORS.map((user) => new DeskDevice({ user, role: 'operator', chat, window: WINDOW })),
    ]);
  }

  /** Makes everybody known, and the chats. */
  static async open(url: string, random: Random): Promise<SupportDesk> {
    for (const user of [...OPERATORS, ON_BROADCAST]) {
      const authorization = `Bearer ${tokenFor(user, { role: 'operator' })}`;
      await fetch(`${url}/api/desk/counts`, { headers: { authorization } });
    }
    const chats = new Map<string, number>();
    for (const client of CLIENTS) {
      const headers = { authorization: `Bearer ${tokenFor(client)}`, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/api/desk/chats`, { method: 'POST', headers, body: JSON.stringify({ source: SOURCE }) });
      chats.set(((await answer.json()) as { uuid: string }).uuid, client);
    }
    return new SupportDesk(chats, random);
  }

  /** What was acknowledged to clients, operators and the back end. */
  get acknowledged(): number {
    const sent = this.devices.flatMap((device) => device.sent).filter(({ id }) => id !== 0);
    return sent.length + this.backEnd.pushed.filter(({ stored }) => stored).length;
  }

  /** Everybody works until the server is gone. */
  async live(url: string): Promise<void> {
    await Promise.all([
      this.#watched('the broadcast', this.#board.live(url)),
      ...this.devices.map((device, at) => this.#watched(`device ${at}, ${device.name}`, device.live(url))),
      ...Array.from({ length: PUSHES_AT_ONCE }, (_, at) => this.#watched(`pushes ${at}`, this.backEnd.push(url))),
      ...Array.from({ length: OFFERS_AT_ONCE }, (_, at) => this.#watched(`offers ${at}`, this.backEnd.offer(url))),
    ]);
  }

  async #watched(name: string, work: Promise<void>): Promise<void> {
    this.busy.add(name);
    await work;
    this.busy.delete(name);
  }

  /** Everything that is open is said until it is answered; everybody hears of everything, and of the figures as they are. */
  async finish(url: string): Promise<void> {
    await this.#watched('settling', this.#settle(url));
    for (const chat of new Set(this.devices.map((device) => device.chat))) {
      const last = await this.backEnd.last(url, chat);
      const inside = this.devices.filter((device) => device.chat === chat);
      await Promise.all(
        inside.map((device, at) => this.#watched(`the last word to ${at}, ${device.name}`, device.hear(url, last))),
      );
    }
    const comparing = this.#board.compare(url, OPERATORS, async () => {
      for (const operator of OPERATORS) await this.backEnd.give(url, [operator]);
    });
    await this.#watched('comparing figures', comparing);
  }

  async #settle(url: string): Promise<void> {
    for (const device of this.devices) {
      if (!(await device.settle(url))) this.faults.push(`${device.name} did not get an answer to everything`);
    }
    if (!(await this.backEnd.settle(url))) this.faults.push('the back end did not get an answer to everything');
  }

  /** After any kill: what was acknowledged or told is there as it was, once, and nothing else. */
  check(found: Inspected): string[] {
    const stored = new Stored(found);
    const told = [this.#board, ...this.devices].flatMap((one) => [...one.told.values()]);
    return [
      ...this.faults.splice(0),
      ...[this.#board, this.backEnd, ...this.devices].flatMap(({ faults }) => faults.splice(0)),
      ...this.devices.flatMap((device) => checkSent(device, stored)),
      ...this.backEnd.pushed.flatMap((pushed) => checkPushed(pushed, stored)),
      ...told.flatMap((message) => this.#checkTold(message, stored)),
      ...this.#checkWanted(found),
    ];
  }

  /** In the end: everybody was told of all they may see, as it is. */
  compare(found: Inspected): string[] {
    const stored = new Stored(found);
    return this.devices.flatMap((device) => {
      const mine = new Set(this.#visible(device, found, stored));
      const missing = [...mine].filter((id) => device.told.get(id)?.text !== stored.of(id)?.text);
      const foreign = [...device.told.keys()].filter((id) => !mine.has(id));
      return [
        ...missing.map((id) => `${device.name} has not ${id} as it is`),
        ...foreign.map((id) => `${device.name} has ${id}, which it must not see`),
      ];
    });
  }

  /** `sender key` of all that clients and operators sent. */
  keys(): readonly string[] {
    return this.devices.flatMap(({ user, sent }) => sent.map(({ key }) => `${user} ${key}`));
  }

  /** Messages of the folder that the back end has pushed. */
  pushed({ desk }: Inspected): ReadonlySet<number> {
    return new Set([...desk.externals].flatMap(([id, message]) => (this.backEnd.find(id) === undefined ? [] : [message])));
  }

  #visible(device: DeskDevice, { desk, conversations }: Inspected, stored: Stored): number[] {
    const chat = desk.chats.find(({ uuid }) => uuid === device.chat);
    const role = OPERATORS.some((operator) => operator === device.user) ? 'operator' : 'user';
    const asides = this.backEnd.pushed.filter((one) => one.chat.uuid === device.chat && isAside(one) && one.role === role);
    const all = conversations.get(String(chat?.conversation)) ?? [];
    return [...all.map(({ id }) => stored.nameOf(id)), ...asides.map(({ id }) => id)];
  }

  #checkTold({ id, text, status, chat }: DeskMessageJson, stored: Stored): string[] {
    const message = stored.of(id);
    if (message === undefined) return [`${id} was told and is lost`];
    const pushed = this.backEnd.find(id);
    const texts = pushed === undefined ? [text] : [textOf(pushed), editedTextOf(pushed)];
    const faults = texts.includes(message.text ?? '') ? [] : [`${id} was told as ${text} and is ${message.text}`];
    if (rankOf(stored.statusOf(message, chat.uuid) ?? 'new') < rankOf(status))
      faults.push(`${id} was told as ${status} and is not`);
    return faults;
  }

  #checkWanted({ desk }: Inspected): string[] {
    const chats = new Map(desk.chats.map((chat) => [chat.uuid, chat]));
    return this.backEnd.wanted.flatMap(({ uuid, owner, askers, closed }) => {
      const chat = chats.get(uuid);
      if (chat === undefined) return [`the chat ${uuid} is lost`];
      const { operator, status } = chat;
      const isTheirs = owner === 0 ? operator === 0 || askers.has(operator) : operator === owner;
      const mayBe =
        closed === 'done' ? ['closed'] : ['open', ...(closed === 'asked' ? ['closed'] : []), ...(owner === 0 ? ['new'] : [])];
      const told = `the chat ${uuid} of ${owner} (closed: ${closed})`;
      return isTheirs && mayBe.includes(status) ? [] : [`${told} is ${status} and of ${operator}`];
    });
  }
}

/** What is in the folder, by the names that the desk's people know. */
class Stored {
  readonly #found: Inspected;
  readonly #byId: ReadonlyMap<number, StoredMessage>;
  readonly #names: ReadonlyMap<number, number>;
  readonly #chats: ReadonlyMap<string, SupportChat>;

  constructor(found: Inspected) {
    this.#found = found;
    this.#byId = new Map([...found.conversations.values()].flat().map((message) => [message.id, message]));
    this.#names = new Map([...found.desk.externals].map(([external, id]) => [id, external]));
    this.#chats = new Map(found.desk.chats.map((chat) => [chat.uuid, chat]));
  }

  /** By the id that it is told with. */
  of(id: number): StoredMessage | undefined {
    return this.#byId.get(this.#found.desk.externals.get(id) ?? id);
  }

  nameOf(id: number): number {
    return this.#names.get(id) ?? id;
  }

  /** Undefined where the chat is not there. */
  statusOf(message: StoredMessage, uuid: string): string | undefined {
    const chat = this.#chats.get(uuid);
    const aside = this.#found.desk.asides.get(message.conversation);
    return chat && messageStatus(message, { chat, ...(aside && { aside }) });
  }
}

function checkSent({ sent, user }: DeskDevice, stored: Stored): string[] {
  return sent.flatMap(({ key, id, text }) => {
    if (id === 0) return [];
    const message = stored.of(id);
    const isThere = message?.sender === user && message.key === key && message.text === text;
    return isThere ? [] : [`${key} was accepted as ${id} and is ${JSON.stringify(message)}`];
  });
}

function checkPushed(pushed: Pushed, stored: Stored): string[] {
  const message = stored.of(pushed.id);
  if (message === undefined) return pushed.stored ? [`${pushed.id} was pushed and is lost`] : [];
  const may = [...(pushed.edited === 'done' ? [] : [textOf(pushed)]), ...(pushed.edited === 'no' ? [] : [editedTextOf(pushed)])];
  return may.includes(message.text ?? '') ? [] : [`${pushed.id} (edited: ${pushed.edited}) is ${message.text}`];
}
