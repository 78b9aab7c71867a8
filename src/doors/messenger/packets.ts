/**
 * Socket.IO packets as the server sends them, prebuilt as WebSocket text frames: `4` (Engine.IO message), `2` (event) or `3` (acknowledgement),
 * then JSON (Engine.IO protocol 4, Socket.IO protocol 5). A client on polling gets the same packets out of the same frames.
 */
import type { Frame } from '../../core/index.ts';
import { frameText } from '../websocket-frame.ts';

/** Nothing for the wire: what a client is told of this delivery is put together for it alone. */
export const NO_FRAME: Frame = Buffer.alloc(0);

export function eventFrame(name: string, json: string): Frame {
  return frameText(`42[${JSON.stringify(name)},${json}]`);
}

/** JSON that is ready: an answer of ours, where programs that embed the server give values. */
export class ReadyJson {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

/** What an acknowledgement is called with, as the inside of a JSON array. */
export function argumentsJson(values: readonly unknown[]): string {
  const [first] = values;
  return first instanceof ReadyJson ? first.json : JSON.stringify(values).slice(1, -1);
}

/** The answer to an event that asked for one under this number. */
export function acknowledgementFrame(id: number, json: string): Frame {
  return frameText(`43${id}[${json}]`);
}

/** What was taken out of bytes that many connections are sent: as long as the bytes are there, which nobody changes. */
const taken = new WeakMap<Buffer, readonly string[]>();

/**
 * The packets in one or many frames of ours, without the `4` that the carrier puts before each. Of the same buffer the same strings: what waits
 * for many clients that poll is in memory once.
 */
export function packetsIn(frames: Buffer): readonly string[] {
  let packets = taken.get(frames);
  if (packets === undefined) taken.set(frames, (packets = takeOut(frames)));
  return packets;
}

function takeOut(frames: Buffer): readonly string[] {
  const packets: string[] = [];
  for (let at = 0; at < frames.length;) {
    const [start, size] = extentOf(frames, at);
    packets.push(frames.toString('utf8', start + 1, start + size));
    at = start + size;
  }
  return packets;
}

/** Where the payload of the frame at a place begins, and its bytes. */
function extentOf(frames: Buffer, at: number): readonly [number, number] {
  const size = (frames[at + 1] ?? 0) & 0x7f;
  if (size < 126) return [at + 2, size];
  if (size === 126) return [at + 4, frames.readUInt16BE(at + 2)];
  return [at + 10, frames.readUInt32BE(at + 2) * 2 ** 32 + frames.readUInt32BE(at + 6)];
}
