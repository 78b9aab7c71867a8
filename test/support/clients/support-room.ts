/**
 * A user of the desk who speaks and listens in one chat, over sockets that are bound to it: coming back is a new socket. Answers are told from what
 * others say by the `client_id` that every send has.
 */
import { randomUUID } from 'node:crypto';
import { Inbox } from '../inbox.ts';
import { DeskPeer } from './support.ts';
import type { DeskEnd, DeskFrame, DeskRole } from './support.ts';

export interface DeskUser {
  readonly id: number;
  readonly role: DeskRole;
}

export class DeskRoom {
  /** Resolves when the connection is over, of those that followed each other the last. */
  readonly ended: Promise<DeskEnd>;
  /** What came and answers nothing that was sent here. */
  readonly heard = new Inbox<DeskFrame>();
  readonly #url: string;
  readonly #user: DeskUser;
  readonly #end = Promise.withResolvers<DeskEnd>();
  /** Who waits for an answer, by the name of the send. */
  readonly #asked = new Map<string, PromiseWithResolvers<DeskFrame>[]>();
  #peer: DeskPeer | undefined;
  #isOver = false;
  /** What comes while an earlier part is read again. */
  #replayed: DeskFrame[] | undefined;

  get isOver(): boolean {
    return this.#isOver;
  }

  private constructor(url: string, user: DeskUser) {
    this.#url = url;
    this.#user = user;
    this.ended = this.#end.promise;
  }

  /** Resolves when the user is in the chat, or was shown out: then `ended` says why. */
  static async enter(url: string, user: DeskUser, query: Readonly<Record<string, string>>): Promise<DeskRoom> {
    const room = new DeskRoom(url, user);
    await room.#connect(query);
    await room.settled();
    return room;
  }

  async #connect(query: Readonly<Record<string, string>>, replayed?: DeskFrame[]): Promise<void> {
    const { id, role } = this.#user;
    const peer = await DeskPeer.connect(this.#url, id, { role, query });
    this.#replayed = replayed;
    this.#peer = peer;
    void this.#read(peer);
  }

  async #read(peer: DeskPeer): Promise<void> {
    try {
      for (;;) {
        const frame = await peer.frames.next();
        if (this.#peer === peer) this.#take(frame);
      }
    } catch (error) {
      if (this.#peer !== peer) return;
      this.#isOver = true;
      for (const asked of this.#asked.values()) for (const { reject } of asked) reject(error);
      this.heard.end(error as Error);
      this.#end.resolve(await peer.ended);
    }
  }

  #take(frame: DeskFrame): void {
    const asked = this.#asked.get(frame.data.client_id as string)?.shift();
    if (asked !== undefined) asked.resolve(frame);
    else if (this.#replayed === undefined) this.heard.push(frame);
    else this.#replayed.push(frame);
  }

  /** Resolves with the answer: the message as it was added, or why it was not. */
  ask(text: string, name: string = randomUUID()): Promise<DeskFrame> {
    if (this.#isOver) return Promise.reject(new Error('the connection has ended'));
    const answer = Promise.withResolvers<DeskFrame>();
    const asked = this.#asked.get(name) ?? [];
    this.#asked.set(name, asked);
    asked.push(answer);
    this.say('send_message', { text, client_id: name });
    return answer.promise;
  }

  say(type: string, data: object): void {
    this.#peer?.say(type, data);
  }

  /**
   * Goes on over a new socket: what came after the message is returned, and what is heard then follows on. What was heard before and not taken stays in
   * `heard`.
   */
  async replay(query: Readonly<Record<string, string>>): Promise<DeskFrame[]> {
    const before = this.#peer;
    await this.settled();
    const replayed: DeskFrame[] = [];
    await this.#connect(query, replayed);
    await this.settled();
    this.#replayed = undefined;
    before?.drop();
    return replayed;
  }

  /** Resolves when all that was said is handled, and what came until then is here: a message without anything is refused in its turn. */
  async settled(): Promise<void> {
    await this.ask('').catch(() => this.#peer?.ended);
  }

  async close(): Promise<DeskEnd | undefined> {
    return this.#peer?.close();
  }

  drop(): void {
    this.#peer?.drop();
  }
}
