/** Somebody who writes to a group by every route there is, and keeps account of what was accepted and what was not. */
import { CARRIERS } from '../clients/carriers.ts';
import { Category } from '../clients/stream-frame.ts';
import { tokenFor } from '../tokens.ts';
import { callApi } from './api.ts';
import { Device } from './device.ts';
import type { Attempt } from './device.ts';
import { inspect } from './inspect.ts';
import type { Place } from './places.ts';
import { ROUTES, attempt } from './routes.ts';
import type { Address, Note, Route } from './routes.ts';

const WRITER = 501;
const READER = 502;

/** Characters of every text: a few of them fill what is left of a small disk. */
const SIZE = 8_000;

export interface Sent extends Note {
  readonly route: Route;
  readonly device: Device;
  /** What it was accepted as; undefined when it was refused or its answer was lost. */
  id: number | undefined;
}

interface HistoryJson {
  readonly messages: readonly { readonly id: string; readonly text?: string }[];
  readonly more: boolean;
}

export class Office implements Disposable {
  readonly sent: Sent[] = [];
  /** One device on each carrier, with and without extensions. */
  readonly devices: readonly Device[];
  readonly #group: Place;
  #address: Address;

  private constructor(address: Address, group: Place) {
    this.#address = address;
    this.#group = group;
    this.devices = CARRIERS.map((carrier, at) => {
      const port = (): Promise<number> => Promise.resolve(this.#address.port);
      const options = { name: carrier.name, user: WRITER, carrier, extensions: at > 0, token: tokenFor(WRITER), room: 0 };
      return new Device({ ...options, port, clock: () => 0 });
    });
  }

  static async open(address: Address): Promise<Office> {
    for (const user of [WRITER, READER]) await callApi(address.url, { user, method: 'GET', path: '/api/conversations' });
    const body = { kind: 'group', name: 'office', members: [String(READER)] };
    const answer = await callApi(address.url, { user: WRITER, method: 'POST', path: '/api/conversations', body });
    const office = new Office(address, { category: Category.GROUP, receiver: Number((answer?.body as { id: string }).id) });
    await Promise.all(office.devices.map((device) => device.connect()));
    return office;
  }

  /** The same people at another server. */
  async move(address: Address): Promise<void> {
    this.leave();
    this.#address = address;
    await Promise.all(this.devices.map((device) => device.connect()));
  }

  leave(): void {
    for (const device of this.devices) device.drop();
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  /** One note by every route: the stream on every carrier, and the single calls. */
  everyRoute(): Promise<readonly Attempt[]> {
    const [first, ...others] = this.devices;
    if (first === undefined) throw new Error('an office has devices');
    return Promise.all([
      ...ROUTES.map((route) => this.write(first, route)),
      ...others.map((device) => this.write(device, 'stream')),
    ]);
  }

  async write(device: Device, route: Route): Promise<Attempt> {
    const key = `note ${this.sent.length}`;
    const sent: Sent = { key, place: this.#group, text: `${key} `.padEnd(SIZE, '.'), route, device, id: undefined };
    this.sent.push(sent);
    return this.again(sent);
  }

  /** The same note under the same key. */
  async again(sent: Sent): Promise<Attempt> {
    const result = await attempt(sent.route, this.#address, sent.device, sent);
    if (result.type === 'accepted') sent.id = result.id;
    return result;
  }

  open(): Sent[] {
    return this.sent.filter(({ id }) => id === undefined);
  }

  /** Status of a look at the history, and its texts from the oldest on when there are any. */
  async history(): Promise<{ status: number; texts: (string | undefined)[] }> {
    const texts: (string | undefined)[] = [];
    for (let after = '0', more = true; more;) {
      const path = `/api/conversations/${this.#group.receiver}/messages?limit=100&after=${after}`;
      const answer = await callApi(this.#address.url, { user: READER, method: 'GET', path });
      if (answer?.status !== 200) return { status: answer?.status ?? 0, texts };
      const page = answer.body as HistoryJson;
      texts.push(...page.messages.map(({ text }) => text));
      more = page.more;
      after = page.messages.at(-1)?.id ?? after;
    }
    return { status: 200, texts };
  }

  /** What should be in the history: what was accepted, in order. */
  accepted(): string[] {
    const known = this.sent.flatMap(({ id, text }) => (id === undefined ? [] : [{ id, text }]));
    return known.sort((one, other) => one.id - other.id).map(({ text }) => text);
  }

  /** What is wrong in the folder: what was accepted must be there, what is there must have been sent. */
  async check(data: string): Promise<string[]> {
    const found = await inspect(data);
    const stored = found.conversations.get(String(this.#group.receiver)) ?? [];
    const faults = [...found.faults];
    for (const { id, key, text } of this.sent) {
      const message = stored.find((one) => one.key === key);
      if (id !== undefined && message?.id !== id) faults.push(`${key} was accepted as ${id} and is stored as ${message?.id}`);
      if (message !== undefined && message.text !== text) faults.push(`${key} is not what was sent`);
    }
    const keys = new Set(this.sent.map(({ key }) => key));
    return [...faults, ...stored.filter(({ key }) => !keys.has(key ?? '')).map(({ key }) => `${key} was never sent`)];
  }

  /** Status of a health route. */
  async status(path: '/healthz' | '/readyz'): Promise<number> {
    return (await fetch(this.#address.url + path)).status;
  }
}
