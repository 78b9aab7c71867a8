/**
 * One client of the stream, whichever carrier its frames come by: takes Streams in, gives frames out, and is the Session the core knows.
 *
 * Frames are taken in order. Posts are handed to the core without waiting for their commit, so a client may have many under way;
 * whatever must wait (a target that is not in memory, a SYNC) holds back the frames behind it, and, past a bound, the reading of more.
 */
import { createHash } from 'node:crypto';
import { ChatError, actorOf } from '../../core/index.ts';
import type { Actor, Chat, Delivery, DisconnectReason, Frame, Id, Identity, Millis, Session } from '../../core/index.ts';
import type { GrpcStatusCode } from '../../grpc/index.ts';
import type { Outbox, Outboxes } from '../outbox.ts';
import { toContent, toMessages, toTarget } from './codec.ts';
import type { StreamCodec } from './codec.ts';
import { createReceipts } from './receipts.ts';
import type { ReceiptQueue } from './receipts.ts';
import { checkPost, submitPost } from './send.ts';
import { END, STATUS, toError } from './status.ts';
import { createSync } from './sync.ts';
import type { Sync } from './sync.ts';
import { Category, PayloadType } from './wire.ts';
import type { Failure, Post, Postmark, Stream } from './wire.ts';

/** What carries a connection's bytes. */
export interface Link {
  /** False when some of what was written still waits. */
  write(bytes: Buffer): boolean;
  readonly bufferedBytes: number;
  /** Resolves when what was written has mostly left. */
  drained(): Promise<void>;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Ends in the carrier's own way. */
  end(ending: Ending): void;
}

/** Why a connection ends, for every carrier. */
export interface Ending {
  /** WebSocket close code. */
  readonly close: number;
  /** gRPC status code. */
  readonly grpc: GrpcStatusCode;
  readonly message: string;
}

/** What the core has found for a post's target; nothing where the post cannot be sent at all. */
type Prepared = Awaited<ReturnType<Chat['prepareSend']>> | undefined;

export interface StreamConnectionOptions {
  readonly chat: Chat;
  readonly outboxes: Outboxes;
  readonly link: Link;
  readonly identity: Identity;
  readonly codec: StreamCodec;
  readonly address: string;
  readonly trace?: string;
  /** A connection of the Room service speaks of rooms only. */
  readonly roomsOnly: boolean;
}

/** Posts under way after which the client is not read until half are answered: it bounds what one connection holds in memory. */
const MAX_UNDER_WAY = 1_024;

/** Posts in one frame: more is a flood, not a message. */
const MAX_POSTS = 1_000;

/** Frames that may wait behind one that takes time; then the carrier stops reading. Each may be as large as a frame can be. */
const MAX_WAITING_FRAMES = 4;

/** A longer sn is known by its hash. */
const MAX_KEY_FROM_SN = 100;

export class StreamConnection implements Session {
  readonly id: Id;
  readonly actor: Actor;
  readonly address: string;
  readonly openedAt: Millis;
  /** What this client reads; a WebSocket client that speaks binary is answered in binary from then on. */
  codec: StreamCodec;

  readonly #identity: Identity;
  readonly #chat: Chat;
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #roomsOnly: boolean;
  readonly #outboxes: Outboxes;
  /** Made when first needed: most connections only listen, and there may be a hundred thousand of them. */
  #sync: Sync | undefined;
  #receipts: ReceiptQueue | undefined;
  /** Frames behind one that takes time; made when first needed. */
  #waiting: Stream[] | undefined;
  #busy = false;
  #underWay = 0;
  #throttled = false;
  #ended = false;

  constructor(options: StreamConnectionOptions) {
    const { chat, link, identity } = options;
    this.id = chat.newSessionId();
    this.actor = actorOf(identity, options.roomsOnly ? 'room' : 'stream', this.id, options);
    this.address = options.address;
    this.openedAt = chat.now();
    this.#identity = identity;
    this.codec = options.codec;
    this.#chat = chat;
    this.#link = link;
    this.#roomsOnly = options.roomsOnly;
    this.#outbox = options.outboxes.open(link, this);
    this.#outboxes = options.outboxes;
  }

  // ---- Session: what the core gives -----------------------------------------------------------------------------------

  get expiresAt(): Millis {
    return this.#identity.expiresAt;
  }

  get issuedAt(): Millis {
    return this.#identity.issuedAt;
  }

  get token(): string | undefined {
    return this.#identity.token;
  }

  deliver(delivery: Delivery, frame: Frame): void {
    if (this.#sync?.watching === true && this.#sync.withholds(delivery, frame)) return;
    this.#outbox.push(frame);
  }

  end(reason: DisconnectReason): void {
    this.endWith(END[reason], reason);
  }

  // ---- Connection: what the carrier gives -----------------------------------------------------------------------------

  /** Writes a Stream to this client alone. */
  push(stream: Stream): void {
    this.#outbox.push(this.codec.frame(stream));
  }

  /** Ends the connection for a reason of this door: a frame that is not the interface's. */
  endWith(ending: Ending, reason = 'policy'): void {
    if (this.#ended) return;
    this.#ended = true;
    // What was sent before stays sent; a slow reader's rest is given up. Nothing follows.
    if (reason !== 'slow') this.#outbox.flush();
    this.#outbox.discard();
    this.#link.end(ending);
    setImmediate(() => this.#chat.closeSession(this, reason));
  }

  /** The carrier's connection is gone. */
  closed(reason: string): void {
    this.#ended = true;
    this.#outbox.discard();
    this.#waiting = undefined;
    this.#chat.closeSession(this, reason);
  }

  receive(stream: Stream): void {
    if (this.#ended) return;
    if (this.#busy) {
      this.#waiting ??= [];
      this.#waiting.push(stream);
      this.#throttle();
      return;
    }
    const pending = this.#handle(stream);
    if (pending === undefined) return;
    this.#busy = true;
    this.#follow(pending);
  }

  #follow(pending: Promise<void>): void {
    pending.then(
      () => this.#next(),
      (thrown: unknown) => this.fail(thrown),
    );
  }

  #next(): void {
    this.#busy = false;
    while (!this.#ended) {
      const stream = this.#waiting?.shift();
      if (stream === undefined) break;
      this.#throttle();
      const pending = this.#handle(stream);
      if (pending === undefined) continue;
      this.#busy = true;
      this.#follow(pending);
      return;
    }
  }

  /** A request that cannot be answered on the stream ends it. */
  fail(thrown: unknown): void {
    const error = toError(thrown);
    this.#chat.meter.refused(this.actor.door, error.code);
    if (error.code === 'internal') this.#chat.log.error({ err: error.cause, session: this.id }, 'a stream request failed');
    const { close, grpc } = STATUS[error.code];
    this.endWith({ close, grpc, message: error.message });
  }

  /** Undefined: done, or under way without holding back what follows. */
  #handle(stream: Stream): Promise<void> | undefined {
    try {
      switch (stream.type) {
        case PayloadType.MESSAGES:
          return this.#posts(stream, checkPayload(stream.postbox, 'postbox').posts);
        case PayloadType.SYNC:
          return this.#syncFrom(stream);
        case PayloadType.RECEIPTS:
          this.#receipts ??= createReceipts({ chat: this.#chat, actor: this.actor });
          this.#receipts.add(checkPayload(stream.receipts, 'receipts'));
          return undefined;
        default:
          throw toBadFrame('type: must be PAYLOAD_TYPE_SYNC, PAYLOAD_TYPE_MESSAGES or PAYLOAD_TYPE_RECEIPTS');
      }
    } catch (thrown) {
      this.fail(thrown);
      return undefined;
    }
  }

  #syncFrom(stream: Stream): Promise<void> {
    const ids = checkPayload(stream.local, 'local').ids;
    if (this.#roomsOnly && ids.some(({ category }) => category !== Category.ROOM)) {
      throw toBadFrame('local.ids: this service speaks of rooms only');
    }
    this.#sync ??= this.#createSync();
    return this.#sync.answer(stream.sn, ids, stream.target);
  }

  #createSync(): Sync {
    return createSync({
      chat: this.#chat,
      session: this,
      push: (stream) => this.push(stream),
      pushFrame: (frame) => this.#outbox.push(frame),
      drained: () => this.#drained(),
      extensions: () => this.codec.extensions,
      isOpen: () => !this.#ended,
      maxBuffered: this.#outboxes.maxBuffered,
    });
  }

  // ---- Posts ----------------------------------------------------------------------------------------------------------

  #posts(stream: Stream, posts: readonly Post[]): Promise<void> | undefined {
    if (posts.length > MAX_POSTS) throw toBadFrame(`postbox.posts: at most ${MAX_POSTS} in one frame`);
    for (const post of posts) checkPost(this.actor, post, this.#roomsOnly);
    const prepared = posts.map((post) => this.#prepare(post));
    const loading = prepared.filter((access) => access instanceof Promise);
    if (loading.length > 0) return Promise.allSettled(loading).then(() => this.#submit(stream.sn, posts, []));
    this.#submit(stream.sn, posts, prepared);
    return undefined;
  }

  #prepare(post: Post): Prepared | Promise<Prepared> {
    try {
      const { category, receiver } = post.postmark;
      const content = post.resource === undefined ? undefined : toContent(post);
      return this.#chat.prepareSend(this.actor, toTarget(category, receiver), content);
    } catch {
      // The same error comes again, and is answered, when the post is submitted.
      return undefined;
    }
  }

  /** Hands the posts to the core; the answer is written when all are settled. */
  #submit(sn: string, posts: readonly Post[], prepared: readonly (Prepared | Promise<Prepared>)[]): void {
    this.#underWay += posts.length;
    this.#throttle();
    const submitted = posts.map((post, at) => {
      const access = prepared[at];
      return submitPost(
        this.#chat,
        this.actor,
        post,
        { key: keyOf(sn, at), keyReuse: 'new' },
        access instanceof Promise ? undefined : access,
      );
    });
    const [only] = submitted;
    const [post] = posts;
    if (submitted.length === 1 && only !== undefined && post !== undefined) {
      only.then(
        (postmark) => this.#answer(sn, 1, [{ postmark, type: post.type }], []),
        (thrown: unknown) => this.#answer(sn, 1, [], [this.#refuse(0, thrown)]),
      );
      return;
    }
    void Promise.allSettled(submitted).then((results) => this.#answerAll(sn, posts, results));
  }

  #answerAll(sn: string, posts: readonly Post[], results: readonly PromiseSettledResult<Postmark>[]): void {
    const accepted: Post[] = [];
    const errors: Failure[] = [];
    for (const [index, result] of results.entries()) {
      const post = posts[index];
      if (post === undefined) continue;
      if (result.status === 'fulfilled') accepted.push({ postmark: result.value, type: post.type });
      else errors.push(this.#refuse(index, result.reason));
    }
    this.#answer(sn, posts.length, accepted, errors);
  }

  #answer(sn: string, count: number, accepted: Post[], errors: Failure[]): void {
    this.#underWay -= count;
    this.#throttle();
    if (!this.#ended) this.push(toMessages(sn, accepted, this.codec.extensions && errors.length > 0 ? { errors } : {}));
  }

  /** Stops reading from a client that has too much under way or waiting; goes on when half of it is done. */
  #throttle(): void {
    const posts = this.#underWay;
    const frames = this.#waiting?.length ?? 0;
    if (!this.#throttled && (posts >= MAX_UNDER_WAY || frames >= MAX_WAITING_FRAMES)) {
      this.#throttled = true;
      this.#link.pause();
    } else if (this.#throttled && posts <= MAX_UNDER_WAY / 2 && frames <= MAX_WAITING_FRAMES / 2) {
      this.#throttled = false;
      this.#link.resume();
    }
  }

  #refuse(index: number, thrown: unknown): Failure {
    const error = toError(thrown);
    this.#chat.meter.refused(this.actor.door, error.code);
    if (error.code === 'internal') this.#chat.log.error({ err: error.cause, session: this.id }, 'a post failed');
    const { retryAfter } = error;
    return {
      index,
      code: STATUS[error.code].grpc,
      message: error.message,
      ...(retryAfter !== undefined && {
        retry_after: { seconds: Math.floor(retryAfter / 1000), nanos: (retryAfter % 1000) * 1_000_000 },
      }),
    };
  }

  #drained(): Promise<void> {
    this.#outbox.flush();
    return this.#link.drained();
  }
}

/** The payload that a type promises. */
function checkPayload<T>(payload: T | undefined, name: string): T {
  if (payload === undefined) throw toBadFrame(`${name}: is missing for this type`);
  return payload;
}

function toBadFrame(message: string): ChatError {
  return new ChatError('invalid_argument', message);
}

/** The key of a post: its frame's `sn`, and its place in the frame when it is not the first. */
function keyOf(sn: string, at: number): string | undefined {
  if (sn === '') return undefined;
  const key = sn.length <= MAX_KEY_FROM_SN ? sn : createHash('sha256').update(sn).digest('base64url');
  return at === 0 ? key : `${key}\u0001${at}`;
}
