import { describe, expect, test } from 'vitest';
import { MigrationError, checksumOf, pendingMigrations } from '../sql/migration.ts';
import type { AppliedMigration, Migration } from '../sql/migration.ts';
import { openDatabase } from './database.ts';
import { MIGRATIONS } from './schema.ts';
import { query } from './statements.ts';

const known: readonly Migration[] = [1, 2, 3].map((number) => ({ number, name: `step ${number}`, sql: `SELECT ${number}` }));

function applied(...numbers: number[]): AppliedMigration[] {
  return known
    .filter(({ number }) => numbers.includes(number))
    .map((migration) => ({ number: migration.number, checksum: checksumOf(migration) }));
}

describe('migrations', () => {
  test('that are pending are those not applied yet, in order', () => {
    const pending = (...numbers: number[]) => pendingMigrations(known, applied(...numbers)).map(({ number }) => number);
    expect([pending(), pending(1), pending(1, 2), pending(1, 2, 3)]).toEqual([[1, 2, 3], [2, 3], [3], []]);
  });

  test('of a newer version, or changed, stop the start', () => {
    expect(() => pendingMigrations(known, [...applied(1, 2, 3), { number: 4, checksum: 'x' }])).toThrow(
      /schema 4; this version knows up to 3.*Start the newer version/,
    );
    expect(() => pendingMigrations(known, [{ number: 1, checksum: 'x' }])).toThrow(/Migration 1 \(step 1\) differs/);
    expect(() => pendingMigrations([], applied(1))).toThrow(MigrationError);
  });

  test('differ by what they do', () => {
    const [one, other] = known;
    expect(one && other && checksumOf(one) !== checksumOf(other)).toBe(true);
    expect(checksumOf({ number: 1, name: 'a', sql: 'x' })).toBe(checksumOf({ number: 2, name: 'b', sql: 'x' }));
  });
});

describe('the schema', () => {
  test('has ascending numbers, none twice, and applies to an empty database', async () => {
    const numbers = MIGRATIONS.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
    const db = openDatabase(':memory:');
    for (const { sql } of MIGRATIONS) db.exec(sql);
    const tables = query<{ name: string; strict: number }>(
      db,
      "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'",
    ).all();
    expect(tables.length).toBeGreaterThan(10);
    expect(tables.filter(({ strict }) => strict !== 1)).toEqual([]);
    await db.close();
  });
});
