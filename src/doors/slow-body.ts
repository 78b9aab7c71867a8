/** Bodies that may take long to come in, as uploads do: for routes with `slowBody` (listener.ts), which the listener's own patience does not end. */
import type { IncomingMessage } from 'node:http';
import { ChatError } from '../core/index.ts';

/** A sender who says nothing for so long is gone. Milliseconds. */
const SILENCE_MS = 30_000;

/** How long a body may take that is none of the long ones. Milliseconds. */
const WHOLE_MS = 30_000;

/** What is read on of a refused upload, so that its sender comes to read why. Bytes. */
const READ_ON_BYTES = 16 * 1024 ** 2;

/** Ends the connection of a sender who has stopped, while there is something to come. */
export function watchBody(raw: IncomingMessage): void {
  const { socket } = raw;
  const giveUp = (): void => void raw.destroy();
  socket.setTimeout(SILENCE_MS, giveUp);
  const stop = (): void => {
    socket.setTimeout(0);
    socket.off('timeout', giveUp);
  };
  raw.once('end', stop).once('close', stop);
}

/** Ends the connection of a sender whose body is not here in time: for what is no upload on a route that takes some. */
export function limitBody(raw: IncomingMessage): void {
  const timer = setTimeout(() => {
    if (!raw.complete) raw.destroy();
  }, WHOLE_MS);
  raw.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
}

/** Reads on, for a while, what nobody wants any more. */
export function readOn(raw: IncomingMessage): void {
  if (raw.complete || raw.destroyed) return;
  let left = READ_ON_BYTES;
  raw.unpipe();
  raw.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) raw.destroy();
  });
  raw.resume();
}

/** The error of a body that came to no good end, as its sender is told: it went away, or the form has no end. Anything else as it is. */
export function toBodyError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ChatError) return error;
  const code = 'code' in error ? error.code : undefined;
  const isCutOff = code === 'ECONNRESET' || code === 'FST_MP_PREMATURE_CLOSE' || /multipart|Part terminated/i.test(error.message);
  return isCutOff
    ? new ChatError('invalid_argument', 'body: ends too early', { cause: error, fields: { body: 'ends too early' } })
    : error;
}
