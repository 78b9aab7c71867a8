/** A Socket.IO client that writes its packets by hand. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { tokenFor } from '../tokens.ts';
import { Inbox } from '../inbox.ts';

/** Packets by hand, as no client library writes them. */
export class RawPeer {
  readonly socket: WebSocket;
  readonly said = new Inbox<string>();
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, 'close').then(([code]) => {
      this.said.end(new Error(`closed with ${code}`));
      return Number(code);
    });
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => this.said.push(data.toString()));
  }

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<RawPeer> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { headers });
    const peer = new RawPeer(socket);
    await once(socket, 'open');
    await peer.#expects('0{');
    return peer;
  }

  static async connect(url: string, user: number): Promise<RawPeer> {
    const peer = await RawPeer.open(url);
    peer.socket.send(`40${JSON.stringify({ token: tokenFor(user) })}`);
    await peer.#expects('40{"sid":');
    return peer;
  }

  async #expects(beginning: string): Promise<void> {
    const said = await this.said.next();
    if (!said.startsWith(beginning)) throw new Error(`the server said ${said}`);
  }

  /** Whether the server still answers on this connection. */
  async answers(): Promise<boolean> {
    this.socket.send('4277["leave_chat","1"]');
    const wanted = '4377[{"ok":true,"chatId":"1"}]';
    try {
      for (let said = await this.said.next(); said !== wanted; said = await this.said.next());
      return true;
    } catch {
      return false;
    }
  }
}
