/**
 * Somebody who writes as fast as the server answers, many posts under way on one connection, and keeps account: what was accepted as what, and
 * what is still open. On the next connection the open ones come first, in their order, under the same keys.
 */
import { keyOf } from './places.ts';
import type { Place } from './places.ts';
import type { Line, Reply, Way } from './ways.ts';

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
  readonly way: Way;
  /** Each letter has a file. */
  readonly files?: boolean;
  /** Where to write, in turn. */
  readonly places: () => readonly Place[];
  /** Posts under way. */
  readonly window: number;
  /** Characters of the texts. */
  readonly size: number;
  /** Called with every acceptance. */
  readonly accepted: () => void;
}

export class Writer {
  readonly user: number;
  /** In the order of their first attempts. */
  readonly letters: Letter[] = [];
  readonly files: boolean;
  readonly isOrdered: boolean;
  readonly #options: WriterOptions;
  readonly #open = new Map<string, Letter>();

  constructor(options: WriterOptions) {
    this.#options = options;
    this.files = options.files === true;
    this.isOrdered = options.way.isOrdered;
    this.user = options.user;
  }

  /** Sends what is open, then new letters, until the connection ends. */
  async write(port: number): Promise<void> {
    await this.#connected(port, (line) => {
      while (this.#open.size < this.#options.window) line.send(this.#begin());
      return false;
    });
  }

  /** Sends what is open until nothing is; resolves with whether that came before the end of the connection. */
  async finish(port: number): Promise<boolean> {
    await this.#connected(port, () => this.#open.size === 0);
    return this.#open.size === 0;
  }

  async #connected(port: number, next: (line: Line) => boolean): Promise<void> {
    const line = await this.#options.way.open(port, this.user).catch(() => undefined);
    if (line === undefined) return;
    for (const letter of this.#open.values()) line.send(letter);
    try {
      while (!next(line)) this.#take(line, await line.next());
    } catch {
      // The end of the connection: what is open stays open.
    }
    line.drop();
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

  #take(line: Line, { key, outcome }: Reply): void {
    const letter = this.#open.get(key);
    if (letter === undefined) return;
    if (outcome === 'again') {
      line.send(letter);
      return;
    }
    if (outcome === 'refused') letter.refused = true;
    else {
      letter.id = outcome.id;
      this.#options.accepted();
    }
    this.#open.delete(key);
  }

  /** Letters by the conversation they were written to. */
  byConversation(): Map<string, Letter[]> {
    return Map.groupBy(this.letters, ({ place }) => keyOf(place, this.user));
  }
}
