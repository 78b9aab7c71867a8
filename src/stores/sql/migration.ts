/**
 * Numbered schema changes, applied once, in order, each remembered with its checksum: a changed or unknown migration stops the start
 * before anything is written.
 */
import { createHash } from 'node:crypto';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

export interface AppliedMigration {
  readonly number: number;
  readonly checksum: string;
}

/** The data does not fit this program; nothing was changed. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

export function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}

/** The migrations still to apply, ascending. Throws when what is applied is not a beginning of what is known. */
export function pendingMigrations<M extends Migration>(known: readonly M[], applied: readonly AppliedMigration[]): readonly M[] {
  for (const { number, checksum } of applied) {
    const migration = known.find((candidate) => candidate.number === number);
    if (migration === undefined) {
      throw new MigrationError(
        `The data was written by a newer version (schema ${number}; this version knows up to ${known.at(-1)?.number ?? 0}). Start the newer version.`,
      );
    }
    if (checksumOf(migration) !== checksum) {
      throw new MigrationError(`Migration ${number} (${migration.name}) differs from the one the data was written with.`);
    }
  }
  const done = new Set(applied.map(({ number }) => number));
  return known.filter(({ number }) => !done.has(number));
}
