/** Decompression of request messages, so bounded that compressed bombs cost neither memory nor the event loop. */
import { gunzip } from 'node:zlib';
import { tooLarge } from './framing.ts';
import { GrpcError, GrpcStatus } from './status.ts';

export interface Inflater {
  /** Gunzips one message off the event loop. The callback comes later, once, with the message or a GrpcError; never after `cancel`. */
  inflate(bytes: Buffer, done: (result: Buffer | GrpcError) => void): InflateJob;
}

export interface InflateJob {
  cancel(): void;
}

/**
 * At most `maxConcurrent` messages are inflated at one time, each to at most `maxMessageBytes`: so much memory and no more,
 * whatever is sent. The queue is bounded by its users, each of which waits for its one job.
 */
export function createInflater(maxMessageBytes: number, maxConcurrent: number): Inflater {
  const queue = new Set<() => void>();
  let running = 0;

  const startNext = (): void => {
    running -= 1;
    for (const start of queue) {
      queue.delete(start);
      start();
      return;
    }
  };

  return {
    inflate(bytes, done) {
      let cancelled = false;
      const start = (): void => {
        running += 1;
        gunzip(bytes, { maxOutputLength: maxMessageBytes }, (error, inflated) => {
          startNext();
          if (!cancelled) done(error === null ? inflated : inflateError(error, maxMessageBytes));
        });
      };
      if (running < maxConcurrent) start();
      else queue.add(start);
      return {
        cancel() {
          cancelled = true;
          queue.delete(start);
        },
      };
    },
  };
}

function inflateError(error: NodeJS.ErrnoException, maxMessageBytes: number): GrpcError {
  if (error.code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(maxMessageBytes);
  return new GrpcError(GrpcStatus.INTERNAL, 'message could not be decompressed');
}
