/** One Socket.IO client: the Session the core knows, and what is written to it. What it asks for is in commands.ts. */
import { actorOf } from '../../core/index.ts';
import type {
  Actor,
  ChangeDelivery,
  Chat,
  Conversation,
  Delivery,
  DisconnectReason,
  Frame,
  Id,
  Identity,
  MembersDelivery,
  Message,
  Millis,
  Session,
} from '../../core/index.ts';
import type { Outbox, Outboxes } from '../outbox.ts';
import type { ChatViews } from './chat-views.ts';
import type { EngineLink } from './link.ts';
import type { Reader, Readers } from './readers.ts';
import type { Reads } from './reads.ts';
import type { Sidebar } from './sidebar.ts';
import type { SocketCodec } from './socket-codec.ts';

/** Chats one socket may have open at once: a screen shows few. */
export const MAX_JOINED = 1_000;

/** Deliveries of one chat that wait until the client knows the chat; with more it is told of them at once. */
const MAX_WITHHELD = 256;

/** What all sockets of the door share. */
export interface SocketsShared {
  readonly chat: Chat;
  readonly outboxes: Outboxes;
  readonly codec: SocketCodec;
  readonly readers: Readers;
  readonly sidebar: Sidebar;
  readonly views: ChatViews;
  readonly reads: Reads;
}

export interface ConnectionOptions {
  readonly link: EngineLink;
  readonly identity: Identity;
  readonly address: string;
  readonly trace?: string;
}

export class MessengerConnection implements Session {
  readonly id: Id;
  readonly actor: Actor;
  readonly codec: SocketCodec;
  readonly openedAt: Millis;
  readonly expiresAt: Millis;
  readonly issuedAt: Millis;
  readonly token?: string;
  readonly address: string;
  /** `new_message` is for every member's sockets, the sender's own included (wire.md section 3). */
  readonly hearsItself = true;
  /** The user, with all sessions. */
  readonly reader: Reader;

  readonly #shared: SocketsShared;
  readonly #link: EngineLink;
  readonly #outbox: Outbox;
  /** Chats and rooms this client has open; made with the first, as the next. */
  #joined: Set<Id> | undefined;
  /** Chats the client is about to be told of, and what has come of them meanwhile. */
  #withheld: Map<Id, (readonly [Delivery, Frame])[]> | undefined;
  /** What came before Socket.IO had told the client that it is connected. */
  #early: Frame[] | undefined = [];
  #ended = false;
  /** Why the server has ended it. */
  #reason: DisconnectReason | undefined;

  constructor(shared: SocketsShared, { link, identity, address, trace }: ConnectionOptions) {
    const { chat, outboxes, codec } = shared;
    this.id = chat.newSessionId();
    this.actor = actorOf(identity, 'messenger', this.id, { trace, address });
    this.codec = codec;
    this.openedAt = chat.now();
    this.expiresAt = identity.expiresAt;
    this.issuedAt = identity.issuedAt;
    if (identity.token !== undefined) this.token = identity.token;
    this.address = address;
    this.#shared = shared;
    this.#link = link;
    this.#outbox = outboxes.open(link, this);
    this.reader = shared.readers.enter(this);
  }

  get isOver(): boolean {
    return this.#ended;
  }

  // ---- Session: what the core gives -----------------------------------------------------------------------------------

  deliver(delivery: Delivery, frame: Frame): void {
    if (this.#ended) return;
    if (this.#withheld !== undefined && 'conversation' in delivery && this.#withhold(delivery, delivery.conversation.id, frame))
      return;
    this.#tell(delivery, frame);
  }

  end(reason: DisconnectReason): void {
    if (this.#ended) return;
    this.#reason = reason;
    // What was sent before stays sent; a slow reader's rest is given up. Nothing follows.
    if (reason !== 'slow') this.#outbox.flush();
    this.#over();
    this.#link.end(reason);
    setImmediate(() => this.closed(reason));
  }

  // ---- Connection: what the carrier gives -----------------------------------------------------------------------------

  /** The client knows that it is connected: what follows may be written. */
  connected(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const frame of early) this.#outbox.push(frame);
  }

  /** The carrier's connection is gone. */
  closed(reason: string): void {
    this.#over();
    this.#link.released();
    const { chat, readers, sidebar, views } = this.#shared;
    readers.leave(this);
    sidebar.closed(this);
    views.closed(this);
    chat.closeSession(this, this.#reason ?? reason);
  }

  /** Writes a packet after everything that was told before. */
  push(frame: Frame): void {
    if (this.#early === undefined) this.#outbox.push(frame);
    else if (this.#early.length < MAX_WITHHELD) this.#early.push(frame);
    else this.end('slow');
  }

  // ---- Chats that are open --------------------------------------------------------------------------------------------

  get joinedCount(): number {
    return this.#joined?.size ?? 0;
  }

  isJoined(chat: Id): boolean {
    return !this.#ended && this.#hasOpen(chat);
  }

  join(chat: Id): void {
    this.#joined ??= new Set();
    this.#joined.add(chat);
  }

  leave(chat: Id): void {
    this.#joined?.delete(chat);
    this.#shared.views.drop(this, chat);
  }

  // ---- Deliveries -----------------------------------------------------------------------------------------------------

  #tell(delivery: Delivery, frame: Frame): void {
    switch (delivery.type) {
      case 'message':
        this.push(frame);
        if (delivery.conversation.kind !== 'room') this.#came(delivery.message);
        return;
      case 'change':
        this.#changed(delivery);
        return;
      case 'read':
        if (delivery.user === this.actor.user) this.#shared.sidebar.changed(this, delivery.conversation.id);
        return;
      case 'typing':
        if (delivery.user !== this.actor.user && this.#hasOpen(delivery.conversation.id)) this.push(frame);
        return;
      case 'presence':
        this.push(frame);
        return;
      case 'members':
        this.#membersChanged(delivery, frame);
        return;
      case 'conversation':
        if (delivery.change === 'created') this.#enters(delivery.conversation);
        else if (delivery.change === 'deleted') this.#loses(delivery.conversation.id, frame);
        else if (this.#hasOpen(delivery.conversation.id)) this.#shared.views.updated(this, delivery.conversation.id);
        return;
      case 'delivered':
      case 'desk':
      case 'notice':
    }
  }

  #came(message: Message): void {
    const { reader } = this;
    const { sidebar, reads, codec } = this.#shared;
    const chat = message.conversation;
    if (message.sender !== this.actor.user && reader.hasOpen(chat)) {
      // The sidebar is told by the reading: on every device once, with nothing unread.
      reads.add(this.actor, chat, message.id, () => {
        for (const session of reader.sessions) sidebar.changed(session, chat);
      });
      return;
    }
    const note = codec.noteOf(message.id);
    // Of what was withheld for a while it is not there any more: what is newest is looked up.
    if (note === undefined) sidebar.changed(this, chat);
    else sidebar.came(this, message, note);
  }

  #changed({ change, conversation, message }: ChangeDelivery): void {
    const { sidebar, views } = this.#shared;
    const { id, kind } = conversation;
    if (this.#hasOpen(id)) views.updated(this, id, message);
    if (kind === 'room') return;
    // What has expired is unread no more, wherever it stood.
    if (change === 'expired') sidebar.changed(this, id);
    else sidebar.edited(this, message);
  }

  #membersChanged({ conversation, removed, entered = [] }: MembersDelivery, frame: Frame): void {
    const { user } = this.actor;
    if (removed.includes(user)) this.#loses(conversation.id, frame);
    else if (entered.includes(user)) this.#enters(conversation);
    else if (this.#hasOpen(conversation.id)) this.#shared.views.updated(this, conversation.id);
  }

  /** Whether a delivery waits until the client knows its chat. Of a chat that is taken away nothing that waited is told any more. */
  #withhold(delivery: Delivery, chat: Id, frame: Frame): boolean {
    const withheld = this.#withheld?.get(chat);
    if (withheld === undefined) return false;
    const isDeleted = delivery.type === 'conversation' && delivery.change === 'deleted';
    if (isDeleted || (delivery.type === 'members' && delivery.removed.includes(this.actor.user))) {
      this.#release(chat, false);
      return false;
    }
    if (withheld.length >= MAX_WITHHELD) {
      this.#release(chat);
      return false;
    }
    withheld.push([delivery, frame]);
    return true;
  }

  /** Nothing of the chat waits any longer; what has waited is told, or nobody's any more. */
  #release(chat: Id, isTold = true): void {
    const withheld = this.#withheld?.get(chat) ?? [];
    this.#withheld?.delete(chat);
    if (this.#withheld?.size === 0) this.#withheld = undefined;
    if (isTold) for (const [delivery, frame] of withheld) this.deliver(delivery, frame);
  }

  /** The client is told of the chat before anything in it. */
  #enters({ id }: Conversation): void {
    if (this.#withheld?.has(id) === true) return;
    this.reader.forget(id);
    this.#withheld ??= new Map();
    this.#withheld.set(id, []);
    this.#shared.views.added(this, id, () => this.#release(id));
  }

  #loses(chat: Id, frame: Frame): void {
    this.reader.forget(chat);
    this.leave(chat);
    this.#shared.sidebar.drop(this, chat);
    this.push(frame);
  }

  #hasOpen(chat: Id): boolean {
    return this.#joined?.has(chat) === true;
  }

  #over(): void {
    this.#ended = true;
    this.#outbox.discard();
    this.#withheld = undefined;
    this.#early = undefined;
  }
}
