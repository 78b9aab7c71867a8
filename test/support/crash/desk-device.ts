/**
 * A client or an operator in one support chat who writes, reads, loses the connection and comes back where it was lost, and keeps account of
 * everything it sent and was told.
 */
import { DeskPeer } from '../clients/support.ts';
import type { DeskFrame } from '../clients/support.ts';

/** What a message is told as. */
export interface DeskMessageJson {
  readonly id: number;
  readonly type: string;
  readonly type_role: string;
  readonly status: string;
  readonly text: string;
  readonly message_index: number;
  readonly chat: { readonly uuid: string };
  readonly user: { readonly id: number };
}

export interface DeskSent {
  readonly key: string;
  readonly text: string;
  /** What it was accepted as; 0 before. */
  id: number;
}

const RANKS = ['new', 'delivered', 'read'];

/** Every how many messages of others it says how far it has come. */
const MARK_EVERY = 4;

export class DeskDevice {
  readonly faults: string[] = [];
  readonly sent: DeskSent[] = [];
  /** The newest that it was told of each message. */
  readonly told = new Map<number, DeskMessageJson>();
  readonly user: number;
  readonly chat: string;
  readonly #role: 'user' | 'operator';
  readonly #window: number;
  readonly #open = new Map<string, DeskSent>();
  #last = 0;
  /** Of the last message that all in the chat see. */
  #index = 0;

  constructor(options: {
    readonly user: number;
    readonly role: 'user' | 'operator';
    readonly chat: string;
    readonly window: number;
  }) {
    this.user = options.user;
    this.chat = options.chat;
    this.#role = options.role;
    this.#window = options.window;
  }

  get name(): string {
    return `${this.#role} ${this.user}`;
  }

  /** Sends what is open, then new messages, until the connection ends. */
  async live(url: string): Promise<void> {
    await this.#connected(url, (peer) => {
      while (this.#open.size < this.#window) this.#send(peer, this.#begin());
      return false;
    });
  }

  /** Sends what is open until nothing is; whether that came before the end of the connection. */
  async settle(url: string): Promise<boolean> {
    await this.#connected(url, () => this.#open.size === 0);
    return this.#open.size === 0;
  }

  /** Listens until it was told of a message. */
  async hear(url: string, id: number): Promise<void> {
    await this.#connected(url, () => this.told.has(id));
    if (!this.told.has(id)) this.faults.push(`${this.name} was not told of ${id}`);
  }

  async #connected(url: string, isDone: (peer: DeskPeer) => boolean): Promise<void> {
    const query = { chat: this.chat, after: String(this.#last) };
    const peer = await DeskPeer.connect(url, this.user, { role: this.#role, query }).catch(() => undefined);
    if (peer === undefined) return;
    for (const sent of this.#open.values()) this.#send(peer, sent);
    try {
      while (!isDone(peer)) this.#take(peer, await peer.frames.next());
    } catch {
      // The end of the connection: what is open stays open.
    }
    peer.drop();
  }

  #begin(): DeskSent {
    const key = `desk/${this.user}/${this.chat}/${this.sent.length}`;
    const sent = { key, text: `${key} says something`, id: 0 };
    this.sent.push(sent);
    this.#open.set(key, sent);
    return sent;
  }

  #send(peer: DeskPeer, { key, text }: DeskSent): void {
    peer.say('send_message', { text, client_id: key });
  }

  #take(peer: DeskPeer, { type, data }: DeskFrame): void {
    if (type === 'message_added') this.#add(peer, data.message as DeskMessageJson, data.client_id as string | undefined);
    if (type === 'message_updated') this.#update(data.message as DeskMessageJson);
    if (type === 'history_cut') this.faults.push(`${this.name} was told that history is cut`);
    if (type === 'message_not_added') this.#refused(peer, data.code as string, data.client_id as string);
  }

  #refused(peer: DeskPeer, code: string, key: string): void {
    const sent = this.#open.get(key);
    if (sent === undefined || code !== 'unavailable') this.faults.push(`${key} was refused: ${code}`);
    else this.#send(peer, sent);
  }

  #add(peer: DeskPeer, message: DeskMessageJson, key: string | undefined): void {
    const known = this.told.has(message.id);
    if (known && key === undefined) this.faults.push(`${this.name} was told twice of ${message.id} (${message.text})`);
    if (key !== undefined) this.#accept(key, message);
    this.#remember(message);
    if (known) return;
    this.#last = message.id;
    this.#checkPlace(message);
    if (message.user.id !== this.user && message.message_index % MARK_EVERY === 0) {
      peer.say('mark_message_delivered', { message_id: message.id });
      peer.say('mark_message_read', { message_id: message.id });
    }
  }

  #accept(key: string, { id, text }: DeskMessageJson): void {
    const sent = this.sent[Number(key.split('/').at(-1))];
    if (sent === undefined) {
      this.faults.push(`${this.name} was answered to ${key}`);
      return;
    }
    if (sent.id !== 0 && sent.id !== id) this.faults.push(`${key} was accepted as ${sent.id} and as ${id}`);
    if (sent.text !== text) this.faults.push(`${key} was accepted as ${text}`);
    sent.id = id;
    this.#open.delete(key);
  }

  /** What all see comes without a gap, whatever happened between two connections; asides have a count of their own. */
  #checkPlace({ id, type, type_role: role, message_index: index }: DeskMessageJson): void {
    if (isAside({ type })) {
      const may = type === 'note' ? this.#role === 'operator' : role === this.#role;
      if (!may) this.faults.push(`${this.name} was told the ${type} ${id} for ${role}`);
      return;
    }
    if (index !== this.#index + 1) this.faults.push(`${this.name} was told of ${id} at ${index} after ${this.#index}`);
    this.#index = index;
  }

  #update(message: DeskMessageJson): void {
    if (!this.told.has(message.id))
      this.faults.push(`${this.name} was told of a change of ${message.id}, which it does not know`);
    this.#remember(message);
  }

  #remember(message: DeskMessageJson): void {
    if (message.chat.uuid !== this.chat) this.faults.push(`${this.name} was told of another chat`);
    this.faults.push(...backwards(this.name, this.told.get(message.id), message));
    this.told.set(message.id, message);
  }
}

/** Notes and system messages stand beside a chat. */
export function isAside({ type }: { readonly type: string }): boolean {
  return type === 'note' || type === 'system';
}

/** A status never goes back. */
export function backwards(name: string, before: DeskMessageJson | undefined, { id, status }: DeskMessageJson): string[] {
  if (before === undefined || rankOf(status) >= rankOf(before.status)) return [];
  return [`${name} was told that ${id} is ${status}, and before that it is ${before.status}`];
}

export function rankOf(status: string): number {
  return RANKS.indexOf(status);
}
