/** An operator on the broadcast, who misses what happens while there is no connection, and must never be told what is not so. */
import { setTimeout } from 'node:timers/promises';
import { DeskPeer, callDesk } from '../clients/support.ts';
import { backwards, isAside } from './desk-device.ts';
import type { DeskMessageJson } from './desk-device.ts';

interface Figures {
  readonly unread: number | undefined;
  /** New and open chats by operator. */
  readonly chats: ReadonlyMap<number, string>;
}

/** How often it is looked whether it was told the figures that are right, and how long between two looks: half a minute in all. */
const LOOKS = 600;
const LOOK_EVERY_MS = 50;

export class DeskBoard {
  readonly faults: string[] = [];
  readonly told = new Map<number, DeskMessageJson>();
  readonly #user: number;
  readonly #source: string;
  #unread: number | undefined;
  readonly #chats = new Map<number, string>();

  constructor(user: number, source: string) {
    this.#user = user;
    this.#source = source;
  }

  /** Listens until the connection ends. */
  async live(url: string): Promise<void> {
    const peer = await this.#open(url).catch(() => undefined);
    if (peer !== undefined) await this.#listen(peer);
  }

  /** What is told last is what is listed, for these operators: whatever `move` does has moved each figure. */
  async compare(url: string, operators: readonly number[], move: () => Promise<void>): Promise<void> {
    this.#unread = undefined;
    this.#chats.clear();
    const peer = await this.#open(url);
    const listening = this.#listen(peer);
    await move();
    let [told, listed] = ['', 'not asked'];
    for (let looks = 0; looks < LOOKS && told !== listed; looks += 1) {
      if (looks > 0) await setTimeout(LOOK_EVERY_MS);
      listed = text(await figures(url, this.#source, operators), operators);
      told = text({ unread: this.#unread, chats: this.#chats }, operators);
    }
    if (told !== listed) this.faults.push(`the broadcast told ${told}, listed are ${listed}`);
    peer.drop();
    await listening;
  }

  #open(url: string): Promise<DeskPeer> {
    return DeskPeer.connect(url, this.#user, { role: 'operator', path: '/broadcast', query: { source: this.#source } });
  }

  async #listen(peer: DeskPeer): Promise<void> {
    try {
      for (;;) {
        const { type, data } = await peer.frames.next();
        if (type === 'message_added' || type === 'message_updated') this.#take(type, data.message as DeskMessageJson);
        if (type === 'global_updated') this.#unread = data.unread_chats as number;
        if (type === 'operator_updated') this.#chats.set(data.user.id as number, `${data.new_chats} ${data.open_chats}`);
      }
    } catch {
      // The end of the connection.
    }
  }

  #take(frame: string, message: DeskMessageJson): void {
    const { id, type } = message;
    if (isAside(message)) this.faults.push(`the broadcast told the ${type} ${id}`);
    if (frame === 'message_added' && this.told.has(id)) this.faults.push(`the broadcast told twice of ${id} (${message.text})`);
    this.faults.push(...backwards('the broadcast', this.told.get(id), message));
    this.told.set(id, message);
  }
}

async function figures(url: string, source: string, operators: readonly number[]): Promise<Figures> {
  const total = async (query: string): Promise<number> => {
    const { body } = await callDesk(url, 'GET', `/api/desk/chats?source=${source}&limit=1&${query}`);
    return body.total as number;
  };
  const chats = new Map<number, string>();
  for (const one of operators) {
    chats.set(one, `${await total(`operatorId=${one}&status=new`)} ${await total(`operatorId=${one}&status=open`)}`);
  }
  return { unread: await total('unread=true'), chats };
}

function text({ unread, chats }: Figures, operators: readonly number[]): string {
  return `${unread} unread, ${operators.map((one) => `${one}: ${chats.get(one)}`).join(', ')}`;
}
