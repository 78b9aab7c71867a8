/**
 * Outgoing frames, one write per connection and event-loop turn.
 *
 * In a busy room every connection gets the same frames in the same turn. So what waits for a connection is a node in a chain that is shared
 * by all connections that were sent the same frames so far: adding a frame is a pointer comparison, and the bytes are put
 * together once for all of them.
 */
import type { Frame, Session } from '../core/index.ts';

/** Where a connection's bytes go. */
export interface Sink {
  /** Bytes of one or many frames, shared with other connections. False when some of what was written still waits. */
  write(bytes: Buffer): boolean;
  /** Bytes accepted but not yet taken by the network. */
  readonly bufferedBytes: number;
}

export interface Outbox {
  push(frame: Frame): void;
  /** Writes now what waits: before a connection is closed in order. */
  flush(): void;
  /** Forgets what waits. */
  discard(): void;
}

export interface Outboxes {
  /** Bytes a connection may leave unread. */
  readonly maxBuffered: number;
  /** The session is ended once, as `slow`, when there is more to write to a client that has left more than the limit unread. */
  open(sink: Sink, session: Pick<Session, 'end'>): Outbox;
}

/** A sequence of frames: its parent's, and one more. */
class Chain {
  readonly parent: Chain | undefined;
  readonly frame: Frame;
  readonly length: number;
  #joined: Buffer | undefined;
  #nextFrame: Frame | undefined;
  #next: Chain | undefined;

  constructor(parent: Chain | undefined, frame: Frame) {
    this.parent = parent;
    this.frame = frame;
    this.length = parent === undefined ? 1 : parent.length + 1;
  }

  with(frame: Frame): Chain {
    if (this.#nextFrame === frame && this.#next !== undefined) return this.#next;
    this.#nextFrame = frame;
    this.#next = new Chain(this, frame);
    return this.#next;
  }

  join(): Buffer {
    if (this.parent === undefined) return this.frame;
    if (this.#joined !== undefined) return this.#joined;
    const frames = new Array<Frame>(this.length);
    for (let at = this.length - 1, node: Chain | undefined = this; node !== undefined; at -= 1, node = node.parent) {
      frames[at] = node.frame;
    }
    this.#joined = Buffer.concat(frames);
    return this.#joined;
  }
}

/** One for all connections of a process: `maxBuffered` is the bytes a slow reader may leave unread. */
export function createOutboxes(options: { maxBuffered: number }): Outboxes {
  let dirty: ConnectionOutbox[] = [];
  let scheduled = false;
  let lastFrame: Frame | undefined;
  let lastStart: Chain | undefined;

  function flushAll(): void {
    scheduled = false;
    const waiting = dirty;
    dirty = [];
    lastFrame = undefined;
    lastStart = undefined;
    for (const outbox of waiting) outbox.flush();
  }

  /** The chain of one frame: the same for every connection that begins its turn with it. */
  function startWith(frame: Frame): Chain {
    if (lastFrame === frame && lastStart !== undefined) return lastStart;
    lastFrame = frame;
    lastStart = new Chain(undefined, frame);
    return lastStart;
  }

  class ConnectionOutbox implements Outbox {
    #waiting: Chain | undefined;
    #queued = false;
    #open = true;
    /** Some of what was written last had to wait. */
    #behind = false;
    readonly #sink: Sink;
    readonly #session: Pick<Session, 'end'>;

    constructor(sink: Sink, session: Pick<Session, 'end'>) {
      this.#sink = sink;
      this.#session = session;
    }

    push(frame: Frame): void {
      if (!this.#open) return;
      this.#waiting = this.#waiting === undefined ? startWith(frame) : this.#waiting.with(frame);
      if (this.#queued) return;
      this.#queued = true;
      dirty.push(this);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flushAll);
    }

    flush(): void {
      this.#queued = false;
      const waiting = this.#waiting;
      if (waiting === undefined || !this.#open) return;
      this.#waiting = undefined;
      // Only what was left unread before this turn tells of a slow reader: the frames of one turn may be many and large.
      if (this.#behind && this.#sink.bufferedBytes > options.maxBuffered) {
        this.#open = false;
        this.#session.end('slow');
        return;
      }
      this.#behind = !this.#sink.write(waiting.join());
    }

    discard(): void {
      this.#open = false;
      this.#waiting = undefined;
    }
  }

  return { maxBuffered: options.maxBuffered, open: (sink, session) => new ConnectionOutbox(sink, session) };
}
