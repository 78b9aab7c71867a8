/** Somebody who sends files, a few again and again, and takes each back: bytes go with their last use, and come again while they go. */
import { callApi } from './api.ts';
import { hashOf } from './files-verdict.ts';
import type { Inspected } from './inspect.ts';
import type { Place } from './places.ts';
import { fileFor, postMessage } from './ways.ts';

interface Regretted {
  readonly key: string;
  /** What it was accepted as; 0 before. */
  id: number;
  /** Whether the server has been asked to take it back, and whether it has said that it did. */
  recall: 'no' | 'asked' | 'done';
}

export class Regretter {
  readonly faults: string[] = [];
  readonly #user: number;
  readonly #place: () => Place | undefined;
  readonly #sent: Regretted[] = [];

  constructor(options: { readonly user: number; readonly place: () => Place | undefined }) {
    this.#user = options.user;
    this.#place = options.place;
  }

  /** Goes on until a call finds no server. */
  async live(url: string): Promise<void> {
    for (let alive = true; alive;) alive = await this.#step(url);
  }

  /** `sender key` of all that was sent. */
  keys(): readonly string[] {
    return this.#sent.map(({ key }) => `${this.#user} ${key}`);
  }

  /** Whether the server has been asked to take back the message. */
  mayBeGone(id: number): boolean {
    return this.#sent.some((message) => message.id === id && message.recall !== 'no');
  }

  /** Messages that were taken back for certain. */
  get regretted(): number {
    return this.#sent.filter(({ recall }) => recall === 'done').length;
  }

  async #step(url: string): Promise<boolean> {
    const message: Regretted = { key: `regretted/${this.#sent.length}`, id: 0, recall: 'no' };
    this.#sent.push(message);
    const chatId = String(this.#place()?.receiver);
    const call = { chatId, content: textOf(message), clientMessageId: message.key };
    const outcome = await postMessage(url, this.#user, call, 'form');
    if (outcome === undefined) return false;
    if (typeof outcome === 'string') {
      if (outcome === 'refused') this.faults.push(`${message.key} was refused`);
      return true;
    }
    message.id = outcome.id;
    message.recall = 'asked';
    const answer = await callApi(url, { user: this.#user, method: 'DELETE', path: `/api/messages/${message.id}` });
    if (answer === undefined) return false;
    if (answer.status === 200) message.recall = 'done';
    else this.faults.push(`taking back ${message.key} was answered ${answer.status}`);
    return true;
  }

  /** What was answered has happened; what was asked and not answered has happened or not, and nothing in between. */
  check({ conversations }: Inspected): void {
    const stored = new Map([...conversations.values()].flat().map((message) => [`${message.sender} ${message.key}`, message]));
    for (const message of this.#sent) {
      const { key, id, recall } = message;
      const found = stored.get(`${this.#user} ${key}`);
      if (found === undefined) {
        if (id !== 0) this.faults.push(`${key} was accepted as ${id} and is lost`);
        continue;
      }
      if (id !== 0 && found.id !== id) this.faults.push(`${key} was accepted as ${id} and is stored as ${found.id}`);
      const isWhole = found.text === textOf(message) && found.file === hashOf(fileFor(textOf(message)));
      const isGone = found.text === null && found.file === null;
      if (!(isWhole && recall !== 'done') && !(isGone && recall !== 'no'))
        this.faults.push(`${key} (taken back: ${recall}) has ${found.text} and ${found.file}`);
    }
  }
}

function textOf({ key }: Regretted): string {
  return `${key} was a mistake`;
}
