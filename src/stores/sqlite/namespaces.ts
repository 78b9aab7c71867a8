/** Namespaces by name and by the small number that stands for them in rows. There are few; all are in memory. */
import type { Database } from './database.ts';
import { query, statement } from './statements.ts';

export interface Namespaces {
  /** The number of a namespace, given out on first use; inside a transaction. */
  ensure(name: string): number;
  /** The number of a namespace; 0, which no row has, when nothing of it was ever stored. */
  number(name: string): number;
  name(number: number): string;
  /** Reads them again: after a transaction that was undone. */
  restore(): void;
}

export function createNamespaces(deps: { db: Database }): Namespaces {
  const readAll = query<{ id: number; name: string }>(deps.db, 'SELECT id, name FROM namespace');
  const insert = statement(deps.db, 'INSERT INTO namespace (id, name) VALUES (?, ?)');
  const numbers = new Map<string, number>();
  const names = new Map<number, string>();
  return {
    ensure(name) {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      const number = names.size + 1;
      insert.run(number, name);
      numbers.set(name, number);
      names.set(number, name);
      return number;
    },
    number: (name) => numbers.get(name) ?? 0,
    name: (number) => names.get(number) ?? '',
    restore() {
      numbers.clear();
      names.clear();
      for (const { id, name } of readAll.all()) {
        numbers.set(name, id);
        names.set(id, name);
      }
    },
  };
}
