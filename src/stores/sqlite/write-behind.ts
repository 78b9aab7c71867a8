/**
 * What is derived from the log and written later: index chunks, heads, sent keys. It is written in passes over everything that was unwritten when
 * the pass began, so that many changes of one share a write; `restoreFrom` is the id up to which all of it is on disk, from where the log is read after a restart.
 */
import type { Database } from './database.ts';
import { query, statement } from './statements.ts';

export interface Unwritten {
  unwritten: boolean;
  /** Writes it; inside a transaction. */
  write(): void;
}

export interface WriteBehind {
  /** The item changed by the entry of the log with this id. */
  add(item: Unwritten, id: number): void;
  /** Writes the item now, inside a transaction. */
  writeNow(item: Unwritten): void;
  /** Writes some items, inside a transaction; begins a pass when none is under way. Returns whether the pass has more to write. */
  writeSome(limit: number): boolean;
  readonly size: number;
  readonly restoreFrom: number;
  /** Forgets everything unwritten: it will be restored from the log. */
  reset(): void;
}

export function createWriteBehind(deps: { db: Database }): WriteBehind {
  const readProgress = query<{ value: number }>(deps.db, "SELECT value FROM progress WHERE name = 'behind'");
  const writeProgress = statement(deps.db, "INSERT OR REPLACE INTO progress (name, value) VALUES ('behind', ?)");
  let unwritten = new Set<Unwritten>();
  let pass: { readonly todo: Unwritten[]; readonly upTo: number } | undefined;
  let newest = 0;
  let restoreFrom = 0;

  function writeNow(item: Unwritten): void {
    if (!item.unwritten) return;
    item.write();
    item.unwritten = false;
    unwritten.delete(item);
  }

  return {
    add(item, id) {
      newest = id;
      if (item.unwritten) return;
      item.unwritten = true;
      unwritten.add(item);
    },
    writeNow,
    writeSome(limit) {
      if (pass === undefined) {
        if (unwritten.size === 0 && newest <= restoreFrom) return false;
        pass = { todo: [...unwritten], upTo: newest };
      }
      for (let count = 0; count < limit; count += 1) {
        const item = pass.todo.pop();
        if (item === undefined) break;
        writeNow(item);
      }
      if (pass.todo.length > 0) return true;
      if (pass.upTo > restoreFrom) {
        restoreFrom = pass.upTo;
        writeProgress.run(restoreFrom);
      }
      pass = undefined;
      return false;
    },
    get size() {
      return unwritten.size;
    },
    get restoreFrom() {
      return restoreFrom;
    },
    reset() {
      unwritten = new Set();
      pass = undefined;
      restoreFrom = readProgress.get()?.value ?? 0;
      newest = restoreFrom;
    },
  };
}
