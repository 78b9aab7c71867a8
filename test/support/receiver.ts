/** A receiver of webhooks on this machine that keeps what it was sent, and answers as a test wants it. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: string;
}

export type Reply = (response: ServerResponse, received: Received) => unknown;

export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** Connections that were ever made. */
  connections = 0;
  reply: Reply = (response) => response.writeHead(204).end();
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #heard = Promise.withResolvers<void>();

  private constructor(makeServer: (listener: RequestListener) => Server) {
    this.#server = makeServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.connections += 1;
      this.#open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#open.delete(socket));
    });
  }

  /** `port` 0: any free one. */
  static async plain(port = 0): Promise<Receiver> {
    return new Receiver((listener) => http.createServer(listener)).#listen(port);
  }

  /** `certificate`: one of test/support/certificates. */
  static async encrypted(certificate: 'good' | 'expired'): Promise<Receiver> {
    const [key, cert] = [pem(`${certificate}-key`), pem(certificate)];
    return new Receiver((listener) => https.createServer({ key, cert }, listener)).#listen(0);
  }

  /** Speaks with bare sockets. */
  static async raw(speak: (socket: Socket) => void): Promise<Receiver> {
    return new Receiver(() => createServer(speak)).#listen(0);
  }

  async #listen(port: number): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = { headers: request.headers, path: request.url ?? '', body: await text(request) };
    this.received.push(received);
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
    this.reply(response, received);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when so many requests have come. */
  async hasReceived(count: number): Promise<void> {
    while (this.received.length < count) await this.#heard.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export function pem(name: string): string {
  return readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), 'utf8');
}
