import type { Row } from './row.ts';

const HEAD = 28;
/** UTF-8 needs at most three bytes for one UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;

/** Rows in one buffer: three float64 (conversation, index, sender), the body's byte length as uint32, the body in UTF-8. */
export function packRows(rows: readonly Row[]): ArrayBuffer {
  let capacity = 4;
  for (const row of rows) capacity += HEAD + row.body.length * MAX_BYTES_PER_UNIT;
  const bytes = Buffer.from(new ArrayBuffer(capacity));
  bytes.writeUInt32LE(rows.length, 0);
  let at = 4;
  for (const row of rows) {
    bytes.writeDoubleLE(row.conversation, at);
    bytes.writeDoubleLE(row.index, at + 8);
    bytes.writeDoubleLE(row.sender, at + 16);
    const length = bytes.write(row.body, at + HEAD);
    bytes.writeUInt32LE(length, at + 24);
    at += HEAD + length;
  }
  return bytes.buffer;
}

/** The rows of a packed buffer; `due` does not cross and reads 0. */
export function unpackRows(packed: ArrayBuffer): Row[] {
  const bytes = Buffer.from(packed);
  const rows: Row[] = [];
  let at = 4;
  for (let left = bytes.readUInt32LE(0); left > 0; left -= 1) {
    const end = at + HEAD + bytes.readUInt32LE(at + 24);
    rows.push({
      conversation: bytes.readDoubleLE(at),
      index: bytes.readDoubleLE(at + 8),
      sender: bytes.readDoubleLE(at + 16),
      body: bytes.toString('utf8', at + HEAD, end),
      due: 0,
    });
    at = end;
  }
  return rows;
}
