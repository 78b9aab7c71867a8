/** One exchange over node:http2, for tests that look at headers and trailers as they are. */
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';

export interface Exchange {
  readonly headers: IncomingHttpHeaders;
  /** Empty when the answer was headers alone. */
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class Http2Client implements Disposable {
  readonly #session: ClientHttp2Session;

  constructor(port: number) {
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on('error', () => {});
  }

  /** Sends a gRPC request (what `headers` says replaces the usual ones) and, unless told to leave it open, ends it. */
  exchange(headers: OutgoingHttpHeaders, body: Uint8Array = Buffer.alloc(0), end = true): Promise<Exchange> {
    const stream = this.#session.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', ...headers });
    if (body.byteLength > 0) stream.write(body);
    if (end) stream.end();
    return new Promise<Exchange>((resolve, reject) => {
      let received: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      stream.on('response', (answer) => {
        received = answer;
      });
      stream.on('trailers', (answer: IncomingHttpHeaders) => {
        trailers = answer;
      });
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
      });
      stream.on('error', reject);
      stream.on('close', () => resolve({ headers: received, trailers, body: Buffer.concat(chunks) }));
    });
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
