/** A client of the support desk over a bare `ws` socket: it knows the frames of the documents and shares no code with the server. */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { API_TOKENS } from '../server.ts';
import { Inbox } from '../inbox.ts';
import { tokenFor } from '../tokens.ts';

export interface DeskFrame {
  readonly type: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into data of every shape
  readonly data: any;
}

export interface DeskEnd {
  readonly code: number;
  readonly reason: string;
}

export type DeskRole = 'user' | 'operator' | 'bot' | 'guest';

export interface DeskOptions {
  readonly role?: DeskRole;
  readonly path?: '/chat' | '/broadcast';
  readonly query?: Readonly<Record<string, string>> | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: a token of the user and role in the Authorization header. */
  readonly token?: string | null;
  readonly protocols?: readonly string[];
}

export class DeskPeer {
  readonly ended: Promise<DeskEnd>;
  /** Everything the server has said, in order. */
  readonly told: DeskFrame[] = [];
  readonly frames = new Inbox<DeskFrame>();
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<DeskEnd>();
    this.ended = promise;
    socket.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('a binary frame');
      const frame = JSON.parse((data as Buffer).toString('utf8')) as DeskFrame;
      this.told.push(frame);
      this.frames.push(frame);
    });
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => {
      this.frames.end(new Error(`the connection ended: ${code} ${reason.toString('utf8')}`));
      resolve({ code, reason: reason.toString('utf8') });
    });
  }

  /** Resolves when the handshake is done, which is not yet to be let in. */
  static connect(url: string, user: number, options: DeskOptions = {}): Promise<DeskPeer> {
    const { role = 'user', path = '/chat', query = {}, headers = {}, token = tokenFor(user, { role }), protocols } = options;
    const search = new URLSearchParams(query).toString();
    const address = `${url.replace('http', 'ws')}${path}${search === '' ? '' : `?${search}`}`;
    const socket = new WebSocket(address, protocols === undefined ? [] : [...protocols], {
      headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
    });
    const peer = new DeskPeer(socket);
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(peer));
      socket.on('error', reject);
    });
  }

  say(type: string, data?: object): void {
    this.raw(JSON.stringify(data === undefined ? { type } : { type, data }));
  }

  raw(text: string | Buffer): void {
    this.#socket.send(text);
  }

  /** The next frame of one of these types; those before it are left out. */
  async next(...types: string[]): Promise<DeskFrame> {
    for (;;) {
      const frame = await this.frames.next();
      if (types.includes(frame.type)) return frame;
    }
  }

  /** The answer to a send. */
  async send(text: string, more: { readonly client_id?: string; readonly [member: string]: unknown } = {}): Promise<DeskFrame> {
    const id = more.client_id ?? randomUUID();
    this.say('send_message', { text, client_id: id, ...more });
    for (;;) {
      const frame = await this.next('message_added', 'message_not_added');
      if (frame.data.client_id === id) return frame;
    }
  }

  /** Resolves when everything said before was handled: a message without anything is refused in its turn. Returns what came until then. */
  async settled(): Promise<DeskFrame[]> {
    const id = randomUUID();
    this.say('send_message', { text: '', client_id: id });
    const before: DeskFrame[] = [];
    for (;;) {
      const frame = await this.frames.next();
      if (frame.data.client_id === id) return before;
      before.push(frame);
    }
  }

  /** Resolves when the server has heard everything said before; rejects when the connection ends first. */
  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once('pong', () => resolve());
      void this.ended.then(({ code, reason }) => reject(new Error(`the connection ended: ${code} ${reason}`)));
      this.#socket.ping();
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): Promise<DeskEnd> {
    this.#socket.close(1000);
    return this.ended;
  }

  drop(): void {
    this.#socket.terminate();
  }
}

export interface BackEndAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
}

/** A back end's call. */
export async function callDesk(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<BackEndAnswer> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { 'api-token': API_TOKENS.admin, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}
