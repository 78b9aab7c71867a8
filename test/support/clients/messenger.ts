/** A client that knows the messenger's interface and nothing more, with the official socket.io-client. */
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { Inbox } from '../inbox.ts';
import { tokenFor } from '../tokens.ts';

/** An event of the server. */
export interface Told {
  readonly event: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into payloads of every shape
  readonly payload: any;
}

export type Answer = {
  readonly ok: boolean;
  readonly error?: { code: string; message: string; fields?: Readonly<Record<string, string>> };
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly [more: string]: any;
};

export type Transport = 'websocket' | 'polling';

export interface MessengerOptions {
  readonly transports?: readonly Transport[];
  readonly auth?: object;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Events whose inboxes are wanted alone come in `inbox(event)` anyway; all come in `told`. */
  readonly reconnects?: boolean;
}

export class MessengerPeer {
  readonly socket: Socket;
  /** Everything the server has said, in order. */
  readonly told: Told[] = [];
  readonly ended: Promise<string>;
  readonly #inboxes = new Map<string, Inbox<Told['payload']>>();

  private constructor(socket: Socket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    socket.onAny((event: string, payload: unknown) => {
      this.told.push({ event, payload });
      this.inbox(event).push(payload);
    });
    socket.on('disconnect', (reason) => {
      for (const inbox of this.#inboxes.values()) inbox.end(new Error(`the connection has ended: ${reason}`));
      resolve(reason);
    });
  }

  /** Resolves when the server has said that it is connected; rejects with what it says instead. */
  static async connect(url: string, user: number, options: MessengerOptions = {}): Promise<MessengerPeer> {
    const { transports = ['websocket'], auth = { token: tokenFor(user) }, query, headers, reconnects = false } = options;
    const socket = io(url, {
      transports: [...transports],
      forceNew: true,
      reconnection: reconnects,
      auth,
      ...(query && { query }),
      ...(headers && { extraHeaders: headers }),
    });
    const peer = new MessengerPeer(socket);
    await new Promise<void>((resolve, reject) => {
      // Only now: what fails later, a client that reconnects tries again.
      const refused = (reason: unknown): void => {
        socket.close();
        reject(reason instanceof Error ? reason : new Error(`the connection has ended: ${String(reason)}`));
      };
      socket.once('connect_error', refused);
      // The server went before it had said that the user is in.
      socket.once('disconnect', refused);
      socket.once('connect', () => {
        socket.off('connect_error', refused);
        socket.off('disconnect', refused);
        resolve();
      });
    });
    return peer;
  }

  inbox(event: string): Inbox<Told['payload']> {
    let inbox = this.#inboxes.get(event);
    if (inbox === undefined) this.#inboxes.set(event, (inbox = new Inbox()));
    return inbox;
  }

  /** The next event of this name. */
  next(event: string): Promise<Told['payload']> {
    return this.inbox(event).next();
  }

  /** Asks with an acknowledgement. */
  async ask(event: string, ...payload: readonly unknown[]): Promise<Answer> {
    return (await this.socket.timeout(10_000).emitWithAck(event, ...payload)) as Answer;
  }

  /** Says without asking for an answer. */
  say(event: string, ...payload: readonly unknown[]): void {
    this.socket.emit(event, ...payload);
  }

  /** Payloads of everything heard so far under a name. */
  heard(event: string): Told['payload'][] {
    return this.told.filter((one) => one.event === event).map(({ payload }) => payload);
  }

  /** Resolves when the server has handled all that was said before, and what it had said by then is here. */
  async settled(): Promise<void> {
    await this.ask('leave_chat', '1');
  }

  async close(): Promise<string> {
    this.socket.disconnect();
    return this.ended;
  }

  /** Cuts the connection without a word. */
  drop(): void {
    const { engine } = this.socket.io;
    const { transport } = engine;
    // A WebSocket is cut in the middle of whatever it does; a client that polls just never comes back.
    if ('ws' in transport && typeof transport.ws === 'object' && transport.ws !== null && 'terminate' in transport.ws) {
      (transport.ws as { terminate(): void }).terminate();
    } else engine.close();
  }
}
