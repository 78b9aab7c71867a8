/**
 * A client or operator in one chat, for the life of the socket: takes frames in order, one at a time, and gives out what happens there.
 */
import type { ChatError, Delivery, Frame, Id, RateLimiter } from '../../core/index.ts';
import { isBlank } from '../websocket-server.ts';
import { SupportConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { NO_FRAME, frameOf } from './frames.ts';
import type { Frames } from './frames.ts';
import { invalid, parseEnvelope, parseFrame } from './parse.ts';
import type { RawFrame } from './parse.ts';
import { createReplay } from './replay.ts';
import type { Replay } from './replay.ts';
import { STATUS } from './status.ts';
import type { ClientFrame } from './wire.ts';

/** Frames that may wait behind one that takes time; then the socket is not read until half are done. Each may be as large as a frame can be. */
const MAX_WAITING_FRAMES = 16;

export interface RoomOptions extends ConnectionOptions {
  readonly frames: Frames;
  /** The client knows what the documents do not have. */
  readonly extended: boolean;
  /** Signs of typing, per session. */
  readonly typing: RateLimiter;
  /** Replay what came after this place in the feed. */
  readonly after: Id | undefined;
}

/** As one is told who asks for a chat that is not there. */
const GONE = { close: STATUS.not_found.close, message: 'the chat is gone, or it is not yours any more' };

export class RoomConnection extends SupportConnection {
  readonly #frames: Frames;
  readonly #typing: RateLimiter;
  readonly #replay: Replay | undefined;
  readonly #extended: boolean;
  readonly #waiting: RawFrame[] = [];
  #conversation: Id = 0;
  #busy = true;
  #throttled = false;
  /** Resolves when all that was sent is answered. */
  #sent: Promise<unknown> = Promise.resolve();
  /** Sends that have no answer yet. */
  #underWay = 0;

  constructor(options: RoomOptions) {
    super(options);
    this.#frames = options.frames;
    this.#typing = options.typing;
    this.#extended = options.extended;
    if (options.after !== undefined) {
      this.#replay = createReplay({
        chat: this.chat,
        actor: this.actor,
        frames: this.#frames,
        after: options.after,
        push: (frame) => this.outbox.push(frame),
        encode: (delivery) => this.codec.encode(delivery),
        drained: () => this.drained(),
        isOpen: () => !this.ended,
      });
    }
  }

  /** In the room: everything that happens from here on is told, after what came since `after`. To be called when the session has entered the chat. */
  entered(conversation: Id): void {
    this.#conversation = conversation;
    const replayed = this.#replay?.run(conversation) ?? Promise.resolve();
    this.#follow(replayed);
  }

  // ---- Session ------------------------------------------------------------------------------------------------------------------------

  deliver(delivery: Delivery, frame: Frame): void {
    if (this.ended) return;
    if (frame === NO_FRAME) {
      this.#changed(delivery);
      return;
    }
    const told = this.#answer(delivery) ?? frame;
    if (this.#replay?.withholds(delivery, told) === true) return;
    this.outbox.push(told);
  }

  /** A chat that is gone, or no longer the client's, is heard no more from this moment. */
  #changed(delivery: Delivery): void {
    const { user, role } = this.actor;
    const isLost = delivery.type === 'members' && role !== 'operator' && delivery.removed.includes(user);
    const isDeleted = delivery.type === 'conversation' && delivery.change === 'deleted';
    if (isLost || isDeleted) this.endWith(GONE, 'gone');
  }

  /** The frame of one's own message, with the client's name for it. */
  #answer(delivery: Delivery): Frame | undefined {
    if (delivery.type !== 'message' || delivery.from !== this.id || delivery.key === undefined) return undefined;
    const { message, conversation, scene, key } = delivery;
    return scene && this.#frames.message('message_added', { message, conversation, scene, sender: scene.sender }, key);
  }

  // ---- Frames of the client -----------------------------------------------------------------------------------------------------------

  receive(bytes: Buffer, isBinary: boolean): void {
    if (this.ended) return;
    try {
      if (isBinary) throw invalid('frames are text');
      if (isBlank(bytes)) return;
      this.#waiting.push(parseEnvelope(bytes));
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    if (!this.#busy) this.#next();
    this.#throttle();
  }

  #next(): void {
    this.#busy = false;
    const frame = this.ended ? undefined : this.#waiting.shift();
    if (frame === undefined) return;
    this.#busy = true;
    this.#throttle();
    this.#follow(this.#handle(frame));
  }

  #follow(work: Promise<void>): void {
    work.then(
      () => this.#next(),
      (thrown: unknown) => this.fail(thrown),
    );
  }

  #throttle(): void {
    const count = this.#waiting.length;
    if (!this.#throttled && count >= MAX_WAITING_FRAMES) {
      this.#throttled = true;
      this.link.pause();
    } else if (this.#throttled && count <= MAX_WAITING_FRAMES / 2) {
      this.#throttled = false;
      this.link.resume();
    }
  }

  /** Resolves when the next frame may be handled: what is said has its place by then, all else is done. */
  async #handle(raw: RawFrame): Promise<void> {
    if (raw.type === 'send_message') return this.#send(raw);
    await this.#sent;
    let frame: ClientFrame;
    try {
      frame = parseFrame(raw);
    } catch (thrown) {
      this.#refuse(raw, this.note(thrown));
      return;
    }
    try {
      await this.#carryOut(frame);
    } catch (thrown) {
      const error = this.note(thrown);
      if (error.code === 'internal') throw thrown;
      // Clients that keep to the documents come here by no fault of theirs, and know no such answer.
      if (this.#extended) this.#refuse(raw, error);
    }
  }

  async #carryOut(frame: ClientFrame): Promise<void> {
    switch (frame.type) {
      case 'mark_message_delivered':
        return this.#mark('delivered', frame.data.message_id);
      case 'mark_message_read':
        return this.#mark('read', frame.data.message_id);
      case 'update_typing':
        return this.#type(frame.data);
      case 'send_message':
    }
  }

  #refuse({ type }: RawFrame, { code, message }: ChatError): void {
    this.outbox.push(frameOf('error', { code, message, frame: type }));
  }

  /**
   * Answered by message_added, as everybody in the chat hears it, or by message_not_added, after the answers to all that was sent before. Sends
   * that follow each other share a commit.
   */
  async #send(raw: RawFrame): Promise<void> {
    if (this.#underWay >= MAX_WAITING_FRAMES) await this.#sent;
    const before = this.#sent;
    const placed = Promise.withResolvers<void>();
    this.#underWay += 1;
    const answered = this.#store(raw, placed.resolve)
      .catch(async (thrown: unknown) => {
        await before;
        const error = this.note(thrown);
        this.outbox.push(frameOf('message_not_added', { code: error.code, message: error.message, ...echoOf(raw.data) }));
      })
      .finally(() => {
        this.#underWay -= 1;
      });
    this.#sent = Promise.all([before, answered]);
    await Promise.race([placed.promise, answered]);
  }

  async #store(raw: RawFrame, placed: () => void): Promise<void> {
    const frame = parseFrame(raw);
    if (frame.type !== 'send_message') return;
    const { text = '', attachments = [], client_id: key } = frame.data;
    const chat = { conversation: this.#conversation };
    const sent = await this.chat.desk.sendMessage(this.actor, { chat, text, attachments, key, placed });
    const { duplicate, conversation, message, scene } = sent;
    // It was told when it was stored, perhaps to a socket that is gone.
    if (!duplicate || scene === undefined) return;
    const told = { message, conversation, scene, sender: scene.sender };
    this.outbox.push(this.#frames.message('message_added', told, key));
  }

  /** Answered by message_updated where it is news. */
  async #mark(cursor: 'delivered' | 'read', message: Id): Promise<void> {
    await this.chat.desk.mark(this.actor, { chat: { conversation: this.#conversation }, cursor, message });
  }

  async #type({ text = '', stopped = false }: { readonly text?: string; readonly stopped?: boolean }): Promise<void> {
    if (!stopped) this.#typing.take(this.actor.namespace, this.id);
    const chat = { conversation: this.#conversation };
    await this.chat.desk.type(this.actor, { chat, active: !stopped, text });
  }
}

/** What a refused client needs to know which message it was. */
function echoOf(data: Readonly<Record<string, unknown>>): { text: string; attachments: string[]; client_id?: string } {
  const { text, attachments, client_id: id } = data;
  return {
    text: typeof text === 'string' ? text : '',
    attachments: Array.isArray(attachments) ? attachments.filter((one) => typeof one === 'string') : [],
    ...(typeof id === 'string' && { client_id: id }),
  };
}
