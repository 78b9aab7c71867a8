import type { Socket } from 'node:net';

/** A server-to-client WebSocket text frame (RFC 6455 section 5.2) with its payload, ready to be written to any number of sockets. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x81;
  if (length < 126) {
    frame[1] = length;
  } else {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  }
  frame.write(text, head);
  return frame;
}

export interface Outbox {
  readonly socket: Socket;
  frames: Buffer[];
}

/**
 * One write per socket per turn: frames wait in each socket's outbox, and one setImmediate writes them all. Neighbours
 * whose outboxes hold the very same frames share one joined buffer.
 */
export function createFlusher(): (outbox: Outbox, frame: Buffer) => void {
  let dirty: Outbox[] = [];
  const flush = (): void => {
    const outboxes = dirty;
    dirty = [];
    let lastFrames: readonly Buffer[] = [];
    let lastJoined: Buffer = Buffer.alloc(0);
    for (const outbox of outboxes) {
      const frames = outbox.frames;
      outbox.frames = [];
      if (!sameFrames(frames, lastFrames)) {
        lastFrames = frames;
        lastJoined = frames.length === 1 && frames[0] ? frames[0] : Buffer.concat(frames);
      }
      outbox.socket.write(lastJoined);
    }
  };
  return (outbox, frame) => {
    if (outbox.frames.push(frame) > 1) return;
    if (dirty.push(outbox) === 1) setImmediate(flush);
  };
}

function sameFrames(frames: readonly Buffer[], others: readonly Buffer[]): boolean {
  if (frames.length !== others.length) return false;
  for (let i = 0; i < frames.length; i += 1) if (frames[i] !== others[i]) return false;
  return true;
}
