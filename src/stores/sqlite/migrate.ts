/** Brings the file of the embedded store to the newest form, one transaction for each step. */
import { checksumOf, pendingMigrations } from '../sql/migration.ts';
import type { AppliedMigration } from '../sql/migration.ts';
import type { Database } from './database.ts';
import { MIGRATIONS } from './schema.ts';
import { query, statement } from './statements.ts';

export async function migrate(db: Database): Promise<void> {
  db.exec(
    'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  );
  const applied = query<AppliedMigration>(db, 'SELECT number, checksum FROM migration ORDER BY number').all();
  const remember = statement(db, 'INSERT INTO migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)');
  for (const migration of pendingMigrations(MIGRATIONS, applied)) {
    await db.transaction(() => {
      db.exec(migration.sql);
      migration.fill?.(db);
      remember.run(migration.number, migration.name, checksumOf(migration), Date.now());
    });
  }
}
