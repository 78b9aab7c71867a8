/**
 * Somebody who writes as fast as the server answers, many posts under way on one connection, and keeps account: what was accepted as what, and
 * what is still open. On the next connection the open ones come first, in their order, under the same keys.
 */
import type { Carrier, StreamLink } from '../clients/carriers.ts';
import { PayloadType, Type } from '../clients/stream-frame.ts';
import type { StreamJson } from '../clients/stream-frame.ts';
import { tokenFor } from '../tokens.ts';
import { keyOf } from './places.ts';
import type { Place } from './places.ts';

/** One post, from its first attempt on. */
export interface Letter {
  readonly key: string;
  readonly sender: number;
  readonly place: Place;
  readonly text: string;
  /** What it was accepted as; 0 before. */
  id: number;
  refused: boolean;
}

export interface WriterOptions {
  readonly user: number;
  readonly carrier: Carrier;
  /** Where to write, in turn. */
  readonly places: () => readonly Place[];
  /** Posts under way. */
  readonly window: number;
  /** Characters of the texts. */
  readonly size: number;
  /** Called with every acceptance. */
  readonly accepted: () => void;
}

const UNAVAILABLE = 14;

export class Writer {
  readonly user: number;
  /** In the order of their first attempts. */
  readonly letters: Letter[] = [];
  readonly faults: string[] = [];
  readonly #options: WriterOptions;
  readonly #open = new Map<string, Letter>();

  constructor(options: WriterOptions) {
    this.#options = options;
    this.user = options.user;
  }

  /** Sends what is open, then new letters, until the connection ends. */
  async write(port: number): Promise<void> {
    await this.#connected(port, (link) => {
      while (this.#open.size < this.#options.window) this.#send(link, this.#begin());
      return false;
    });
  }

  /** Sends what is open until nothing is; resolves with whether that came before the end of the connection. */
  async finish(port: number): Promise<boolean> {
    await this.#connected(port, () => this.#open.size === 0);
    return this.#open.size === 0;
  }

  async #connected(port: number, next: (link: StreamLink) => boolean): Promise<void> {
    const link = await this.#options.carrier
      .connect({ port, token: tokenFor(this.user), extensions: true })
      .catch(() => undefined);
    if (link === undefined) return;
    for (const letter of this.#open.values()) this.#send(link, letter);
    try {
      while (!next(link)) this.#take(link, await link.next());
    } catch {
      // The end of the connection: what is open stays open.
    }
    link.drop();
  }

  #begin(): Letter {
    const places = this.#options.places();
    const place = places[this.letters.length % places.length];
    if (place === undefined) throw new Error('a writer has somewhere to write');
    const key = `${this.user}/${this.letters.length}`;
    const letter: Letter = {
      key,
      sender: this.user,
      place,
      text: `${key} `.padEnd(this.#options.size, '.'),
      id: 0,
      refused: false,
    };
    this.letters.push(letter);
    this.#open.set(key, letter);
    return letter;
  }

  #send(link: StreamLink, { key, sender, place, text }: Letter): void {
    const postmark = { category: place.category, sender: String(sender), receiver: String(place.receiver) };
    link.send({
      sn: key,
      type: PayloadType.MESSAGES,
      postbox: { posts: [{ postmark, type: Type.TEXT, text: { content: text } }] },
    });
  }

  #take(link: StreamLink, { sn, postbox, errors }: StreamJson): void {
    const letter = this.#open.get(sn);
    if (letter === undefined) return;
    const id = postbox?.posts?.[0]?.postmark.unique_id;
    if (id !== undefined) {
      letter.id = Number(id);
      this.#options.accepted();
    } else if (errors?.[0]?.code === UNAVAILABLE) {
      this.#send(link, letter);
      return;
    } else letter.refused = true;
    this.#open.delete(sn);
  }

  /** Letters by the conversation they were written to. */
  byConversation(): Map<string, Letter[]> {
    return Map.groupBy(this.letters, ({ place }) => keyOf(place, this.user));
  }
}
