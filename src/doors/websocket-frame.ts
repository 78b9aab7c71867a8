/** A whole unfragmented, unmasked WebSocket message as the server sends it (RFC 6455, section 5.2), built once for many sockets. */

const FIN = 0x80;
const TEXT = 0x1;
const BINARY = 0x2;

export function frameText(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const start = headerSize(size);
  const frame = Buffer.allocUnsafe(start + size);
  writeHeader(frame, TEXT, size);
  // As many bytes as characters: all are ASCII, which is copied as it is.
  if (size === text.length) frame.write(text, start, 'latin1');
  else frame.write(text, start, 'utf8');
  return frame;
}

export function frameBinary(bytes: Uint8Array): Buffer {
  const start = headerSize(bytes.length);
  const frame = Buffer.allocUnsafe(start + bytes.length);
  writeHeader(frame, BINARY, bytes.length);
  frame.set(bytes, start);
  return frame;
}

function headerSize(size: number): number {
  if (size < 126) return 2;
  return size < 65_536 ? 4 : 10;
}

function writeHeader(frame: Buffer, opcode: number, size: number): void {
  frame[0] = FIN | opcode;
  if (size < 126) {
    frame[1] = size;
  } else if (size < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(size / 2 ** 32), 2);
    frame.writeUInt32BE(size % 2 ** 32, 6);
  }
}
