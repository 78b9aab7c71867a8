/** The database: opens, is whole where it is read, has a schema this version knows, and no message from the future. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { timeOfId } from '../core/index.ts';
import { MigrationError, pendingMigrations } from '../stores/sql/migration.ts';
import type { AppliedMigration } from '../stores/sql/migration.ts';
import { MIGRATIONS } from '../stores/sqlite/schema.ts';
import { query } from '../stores/sqlite/statements.ts';
import { found } from './finding.ts';
import type { Finding } from './finding.ts';

/** Clocks are set by a second now and then; ids of a busy moment run a little ahead of it. */
const AHEAD_MS = 60_000;

export function checkDatabase(folder: string, now: number): Finding[] {
  const path = join(folder, 'switchboard.db');
  if (!existsSync(path)) return [found('ok', 'database', 'will be made on the first start')];
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      return [checkSchema(db), ...checkNewest(db, now)];
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof MigrationError) return [found('fail', 'database', error.message)];
    const reason = error instanceof Error ? error.message : String(error);
    return [found('fail', 'database', `${path} cannot be read (${reason}). Change its owner, or restore it from a backup.`)];
  }
}

function checkSchema(db: DatabaseSync): Finding {
  const applied = query<AppliedMigration>(db, 'SELECT number, checksum FROM migration ORDER BY number').all();
  const pending = pendingMigrations(MIGRATIONS, applied).length;
  const words = `opens, schema ${applied.at(-1)?.number ?? 0}`;
  return found(
    'ok',
    'database',
    pending === 0 ? words : `${words}; the next start brings it up to ${MIGRATIONS.at(-1)?.number ?? 0}`,
  );
}

function checkNewest(db: DatabaseSync, now: number): Finding[] {
  const newest = query<{ id: number | null }>(db, 'SELECT max(id) AS id FROM message').get()?.id ?? 0;
  if (newest === 0) return [];
  const time = timeOfId(newest);
  if (time <= now + AHEAD_MS) return [found('ok', 'newest', new Date(time).toISOString())];
  return [
    found(
      'warn',
      'newest',
      `the newest message is from ${new Date(time).toISOString()}, the future: the clock has gone back. Set it.`,
    ),
  ];
}
