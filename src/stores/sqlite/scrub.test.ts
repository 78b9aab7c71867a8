import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { scrubAtClose, scrubAtStart, scrubPage, wantScrub } from './scrub.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-scrub-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, 'switchboard.db');
const count = (word: string): number => readFileSync(path()).toString('latin1').split(word).length - 1;

/** A file in which rows are forgotten and not overwritten; every tenth stays. */
function makeFile(): void {
  const db = new DatabaseSync(path());
  db.exec('PRAGMA secure_delete=OFF; CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT); CREATE INDEX i ON t (word)');
  db.exec('BEGIN');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
  for (let id = 0; id < 3_000; id += 1) insert.run(id, `${id % 10 === 0 ? 'kept' : 'erased'} ${(id * 7_919) % 3_000}`);
  const remove = db.prepare('DELETE FROM t WHERE id = ?');
  for (let id = 0; id < 3_000; id += 1) if (id % 10 !== 0) remove.run(id);
  db.exec('COMMIT');
  db.close();
}

function check(): void {
  const db = new DatabaseSync(path());
  expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(db.prepare("SELECT count(*) AS kept FROM t WHERE word LIKE 'kept %'").get()).toEqual({ kept: 300 });
  db.close();
}

test('what belongs to nothing in pages in use is overwritten, and nothing else is touched', () => {
  makeFile();
  const before = count('erased');
  wantScrub(path());
  scrubAtClose(path());
  // Pages that are free as a whole are the business of secure_delete, which this file did without.
  expect(count('erased')).toBeLessThan(before);
  expect(existsSync(`${path()}-scrub`)).toBe(false);
  check();
});

test('nothing is done to a file that nobody wants scrubbed', () => {
  makeFile();
  const before = readFileSync(path());
  scrubAtClose(path());
  scrubAtStart(path());
  expect(readFileSync(path()).equals(before)).toBe(true);
});

test('what an abrupt stop left to do is done at the next start, with the write-ahead log in the file', async () => {
  makeFile();
  const killed = new DatabaseSync(path());
  killed.exec("PRAGMA journal_mode=WAL; INSERT INTO t VALUES (5000, 'kept at last')");
  wantScrub(path());
  // Somebody has it open: another time.
  scrubAtClose(path());
  expect(existsSync(`${path()}-scrub`)).toBe(true);
  killed.close();
  const before = count('erased');
  const db = openDatabase(folder);
  expect(existsSync(`${path()}-scrub`)).toBe(false);
  expect(count('erased')).toBeLessThan(before);
  expect(db.prepare("SELECT count(*) AS last FROM t WHERE word = 'kept at last'").get()).toEqual({ last: 1 });
  await db.close();
});

test('a page that is none, or makes no sense, is left alone', () => {
  const page = Buffer.alloc(512, 0xff);
  for (const type of [0, 1, 2, 5, 10, 13, 255]) {
    page[0] = type;
    const before = Buffer.from(page);
    expect(scrubPage(page, 0, 512)).toBe(false);
    expect(page.equals(before)).toBe(true);
  }
});
