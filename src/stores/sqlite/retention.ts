/** What is older than it may get: looked for in one conversation after another. */
import { firstIdAt } from '../../core/index.ts';
import type { ConversationKind, Cut, Overdue, OverduePage, OverdueQuery } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import type { Sequences } from './sequences.ts';
import { query } from './statements.ts';

export interface Retention {
  overdue(asked: OverdueQuery): OverduePage;
}

interface Row {
  readonly id: number;
  readonly namespace: number;
  readonly kind: ConversationKind;
}

export function createRetention(deps: { db: Database; namespaces: Namespaces; sequences: Sequences }): Retention {
  const { db, namespaces, sequences } = deps;
  const readSome = query<Row>(db, 'SELECT id, namespace, kind FROM conversation WHERE id > ? ORDER BY id LIMIT ?');
  const countFiles = query<{ files: number; bytes: number | null }>(
    db,
    `SELECT count(*) AS files, sum(f.size) AS bytes FROM file_use u JOIN file f ON f.id = u.file
     WHERE u.kind = 'message' AND u.scope = ? AND u.subject < ?`,
  );

  function cutOf(cuts: readonly Cut[], row: Row): number {
    const name = namespaces.name(row.namespace);
    return cuts.findIndex(({ namespace = name, kind = row.kind }) => namespace === name && kind === row.kind);
  }

  function overdueIn(cuts: readonly Cut[], row: Row): Overdue | undefined {
    const cut = cutOf(cuts, row);
    const firstKept = firstIdAt(cuts[cut]?.before ?? 0);
    // A conversation has no message that is older than itself.
    if (cut < 0 || row.id >= firstKept) return undefined;
    const sequence = sequences.get(row.id);
    if (sequence === undefined) return undefined;
    const from = sequence.firstIndex;
    const before = sequences.indexUpTo(sequence, firstKept - 1) + 1;
    if (before <= from) return undefined;
    const { files = 0, bytes } = countFiles.get(row.id, firstKept) ?? {};
    return { cut, namespace: namespaces.name(row.namespace), conversation: row.id, from, before, files, bytes: bytes ?? 0 };
  }

  return {
    overdue({ cuts, after, limit }) {
      const rows = readSome.all(after, limit);
      const overdue = rows.map((row) => overdueIn(cuts, row)).filter((one) => one !== undefined);
      return { overdue, next: rows.at(-1)?.id ?? after, more: rows.length === limit };
    },
  };
}
