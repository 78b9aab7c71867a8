/**
 * Overwrites what is left of erased rows in bytes of the database file that belong to nothing.
 *
 * `secure_delete` overwrites a row where it was stored. But when SQLite moves rows from a full page to another, the old page keeps copies
 * in its unused middle, and a row that is erased later is erased only where it has gone. After the erasure of a person the unused bytes of every
 * page are overwritten (docs/adr/0023-erasure.md): while nobody has the file open, at the end of the process or, for a large file, at the next start. Only
 * bytes that the file format calls unused are written, so an interruption leaves a good database.
 */
import { closeSync, existsSync, fdatasyncSync, fstatSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** A larger file is left to the next start: a supervisor waits ten seconds for the end of a process. */
const MAX_BYTES_AT_CLOSE = 256 * 1024 * 1024;

/** Bytes read at a time. */
const STRIDE = 4 * 1024 * 1024;

/** From so many pages on the first byte of an overflow page could be taken for a page's type. 128 GiB. */
const MAX_PAGES = 0x02_00_00_00;

/** Types of b-tree pages and the length of their headers (SQLite file format, section 1.6). */
const HEADERS: Readonly<Record<number, number>> = { 2: 12, 5: 12, 10: 8, 13: 8 };

const markOf = (path: string): string => `${path}-scrub`;

/** From now on the file is to be scrubbed; it is remembered on disk. */
export function wantScrub(path: string): void {
  writeFileSync(markOf(path), '', { flush: true, mode: 0o600 });
}

/** At the end, when the file is closed. */
export function scrubAtClose(path: string): void {
  if (existsSync(markOf(path)) && sizeOf(path) <= MAX_BYTES_AT_CLOSE) scrub(path);
}

/** At the start, before the file is opened. */
export function scrubAtStart(path: string): void {
  if (!existsSync(markOf(path)) || !existsSync(path)) return;
  // What is in the write-ahead log goes into the file first: the last one to close it moves it there.
  const db = new DatabaseSync(path);
  db.exec('SELECT count(*) FROM sqlite_schema');
  db.close();
  scrub(path);
}

function sizeOf(path: string): number {
  const file = openSync(path, 'r');
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

function scrub(path: string): void {
  // Somebody else has it open, and pages of the log would go over ours: another time.
  if (existsSync(`${path}-wal`)) return;
  const file = openSync(path, 'r+');
  try {
    scrubFile(file);
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  rmSync(markOf(path));
}

function scrubFile(file: number): void {
  const header = Buffer.alloc(100);
  readSync(file, header, 0, 100, 0);
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const usable = pageSize - (header[20] ?? 0);
  const { size } = fstatSync(file);
  if (pageSize < 512 || size / pageSize >= MAX_PAGES) return;
  const stride = Buffer.alloc(Math.max(STRIDE, pageSize));
  for (let at = 0; at < size; at += stride.length) {
    const length = readSync(file, stride, 0, stride.length, at);
    for (let start = 0; start + pageSize <= length; start += pageSize) {
      const page = stride.subarray(start, start + pageSize);
      if (scrubPage(page, at + start === 0 ? 100 : 0, usable)) writeSync(file, page, 0, pageSize, at + start);
    }
  }
}

/** Overwrites the unused bytes of a page whose header is at `from`; `usable`: bytes of a page that SQLite uses. Returns whether anything changed. */
export function scrubPage(page: Buffer, from: number, usable: number): boolean {
  const length = HEADERS[page[from] ?? 0];
  if (length === undefined) return false;
  const content = page.readUInt16BE(from + 5) || 65_536;
  const pointersEnd = from + length + 2 * page.readUInt16BE(from + 3);
  if (pointersEnd > content || content > usable) return false;
  let changed = overwrite(page, pointersEnd, content);
  // Free blocks ascend: the next one, the length of this one.
  let last = content - 1;
  for (let block = page.readUInt16BE(from + 1); block > last && block + 4 <= usable; block = page.readUInt16BE(block)) {
    const end = block + page.readUInt16BE(block + 2);
    if (end > usable) break;
    changed = overwrite(page, block + 4, end) || changed;
    last = block;
  }
  return changed;
}

function overwrite(page: Buffer, start: number, end: number): boolean {
  const unused = page.subarray(start, Math.max(start, end));
  if (unused.every((byte) => byte === 0)) return false;
  unused.fill(0);
  return true;
}
