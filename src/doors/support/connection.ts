/** One client of this door, in a chat (room.ts) or on the broadcast (broadcast.ts): the Session the core knows, and what is written to it. */
import { actorOf, toChatError } from '../../core/index.ts';
import type {
  Actor,
  Chat,
  ChatError,
  Delivery,
  DisconnectReason,
  Frame,
  Id,
  Identity,
  Millis,
  Session,
} from '../../core/index.ts';
import type { Outbox, Outboxes } from '../outbox.ts';
import type { WebSocketEnding, WebSocketLink, WebSocketPeer } from '../websocket-link.ts';
import type { SupportCodec } from './frames.ts';
import { END, STATUS } from './status.ts';

export interface ConnectionOptions {
  readonly chat: Chat;
  readonly outboxes: Outboxes;
  readonly link: WebSocketLink;
  readonly identity: Identity;
  readonly codec: SupportCodec;
  readonly address: string;
  readonly trace?: string;
}

/** The door's name: what comes through it is recorded and counted under it. */
export const DOOR = 'support';

/** For a frame that is none; the client has been told by `ws` with a code of its own. */
const BROKEN_FRAME: WebSocketEnding = { close: 1002, message: 'a broken frame' };

export abstract class SupportConnection implements Session, WebSocketPeer {
  readonly id: Id;
  readonly actor: Actor;
  readonly address: string;
  readonly openedAt: Millis;
  readonly codec: SupportCodec;
  /** It hears what it has entered or attends, and nothing else of what its user is a member of. */
  readonly bound = true;
  /** Replies are the frames that all in the chat are sent. */
  readonly hearsItself = true;

  readonly #identity: Identity;
  protected readonly chat: Chat;
  protected readonly link: WebSocketLink;
  protected readonly outbox: Outbox;
  protected ended = false;

  constructor(options: ConnectionOptions) {
    const { chat, link, identity } = options;
    this.id = chat.newSessionId();
    this.actor = actorOf(identity, DOOR, this.id, options);
    this.address = options.address;
    this.openedAt = chat.now();
    this.#identity = identity;
    this.codec = options.codec;
    this.chat = chat;
    this.link = link;
    this.outbox = options.outboxes.open(link, this);
  }

  get expiresAt(): Millis {
    return this.#identity.expiresAt;
  }

  get issuedAt(): Millis {
    return this.#identity.issuedAt;
  }

  get token(): string | undefined {
    return this.#identity.token;
  }

  abstract deliver(delivery: Delivery, frame: Frame): void;
  abstract receive(bytes: Buffer, isBinary: boolean): void;

  end(reason: DisconnectReason): void {
    this.endWith(END[reason], reason);
  }

  /** Ends the connection for a reason of this door. */
  endWith(ending: WebSocketEnding, reason = 'policy'): void {
    if (this.ended) return;
    this.ended = true;
    // What was sent before stays sent; a slow reader's rest is given up. Nothing follows.
    if (reason !== 'slow') this.outbox.flush();
    this.outbox.discard();
    this.link.end(ending);
    setImmediate(() => this.chat.closeSession(this, reason));
  }

  /** What cannot be answered ends the connection. */
  fail(thrown: unknown): void {
    const error = this.note(thrown);
    this.endWith({ close: STATUS[error.code].close, message: error.message });
  }

  broken(refusal: 'too_large' | 'invalid_argument'): void {
    this.chat.meter.refused(DOOR, refusal);
    this.endWith(BROKEN_FRAME, 'protocol_error');
  }

  closed(label: string): void {
    this.ended = true;
    this.outbox.discard();
    this.chat.closeSession(this, label);
  }

  /** Counts a refusal; what is our fault is logged. */
  protected note(thrown: unknown): ChatError {
    const error = toChatError(thrown);
    this.chat.meter.refused(DOOR, error.code);
    if (error.code === 'internal') this.chat.log.error({ err: error.cause, session: this.id }, 'a request of the desk failed');
    return error;
  }

  /** Resolves when what was written has mostly left. */
  protected drained(): Promise<void> {
    this.outbox.flush();
    return this.link.drained();
  }
}
