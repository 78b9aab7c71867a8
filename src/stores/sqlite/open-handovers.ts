/** Messages that have another author already and are not rewritten yet (handover.ts). */
import type { Database } from './database.ts';
import type { MessageRow } from './rows.ts';
import { query, statement } from './statements.ts';

export interface HandoverRow {
  readonly conversation: number;
  readonly giver: number;
  readonly receiver: number;
  /** Messages below this index are still to be looked through. */
  readonly below: number;
}

/** Handovers that are not finished. */
export interface OpenHandovers {
  /** A message with the author that it has for everybody. */
  see(row: MessageRow): MessageRow;
  set(row: HandoverRow): void;
  remove(conversation: number): void;
  of(giver: number): readonly HandoverRow[];
  /** Reads them back: at the start, and when a transaction was undone. */
  restore(): void;
}

export function createOpenHandovers(deps: { db: Database }): OpenHandovers {
  const { db } = deps;
  const readAll = query<HandoverRow>(db, 'SELECT conversation, giver, receiver, below FROM handover');
  const write = statement(db, 'INSERT OR REPLACE INTO handover (conversation, giver, receiver, below) VALUES (?, ?, ?, ?)');
  const drop = statement(db, 'DELETE FROM handover WHERE conversation = ?');
  const open = new Map<number, HandoverRow>();
  return {
    see(row) {
      const handover = open.size === 0 ? undefined : open.get(row.conversation);
      return handover?.giver === row.sender ? { ...row, sender: handover.receiver } : row;
    },
    set(row) {
      write.run(row.conversation, row.giver, row.receiver, row.below);
      open.set(row.conversation, row);
    },
    remove(conversation) {
      drop.run(conversation);
      open.delete(conversation);
    },
    of: (giver) => [...open.values()].filter((row) => row.giver === giver),
    restore() {
      open.clear();
      for (const row of readAll.all()) open.set(row.conversation, row);
    },
  };
}
