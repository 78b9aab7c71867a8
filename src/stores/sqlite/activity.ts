/**
 * Whose conversations were most recently active, found without reading all of them.
 *
 * Every membership of a conversation that is not large has `listed`: when something was last said there, and at the most one step too old. So a message
 * writes it only when the one before lies a step back, and a list reads at most a step further than it shows: docs/adr/0016-conversation-lists.md.
 * Of a large conversation nothing is kept with the members (`listed` is 0): a user follows few of them, and they are looked at one by one.
 */
import { firstIdAt } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import type { MembershipRow } from './rows.ts';
import type { Sequence, Sequences } from './sequences.ts';
import { query, statement } from './statements.ts';

/** Members a conversation has before it is large: so many rows one message in five minutes may write. Once large it stays so. */
export const MAX_LISTED = 100;

/** What `listed` is in asides of support chats, which are in nobody's list. */
export const UNLISTED = -1;

/** Five minutes, as a distance of ids: a conversation in full flow writes its members' rows that often, and a list reads what happened in as long. */
export const STEP = firstIdAt(Date.UTC(2025, 0, 1, 0, 5)) - firstIdAt(Date.UTC(2025, 0, 1));

export interface Activity {
  /** A message was appended: inside a transaction, before the sequence is told. */
  said(sequence: Sequence, id: number): void;
  /** Members came in: a conversation that has become large leaves their lists. */
  joined(sequence: Sequence): void;
  /** The user's memberships by the newest message of their conversations, newest first, of those older than `before` (0 = all). */
  newest(namespace: string, user: number, before: number, limit: number): readonly MembershipRow[];
}

/** A membership with the newest message of its conversation as its row says it, which may be behind what is in memory. */
export interface ListedRow extends MembershipRow {
  readonly last_id: number;
}

/** Down from a place in the index. */
export const READ_LISTED = `SELECT m.*, c.last_id FROM membership m CROSS JOIN conversation c ON c.id = m.conversation
  WHERE m.namespace = ? AND m.user = ? AND m.listed > 0 AND (m.listed, m.conversation) < (?, ?)
  ORDER BY m.listed DESC, m.conversation DESC LIMIT ?`;

export const READ_LARGE = `SELECT m.*, c.last_id FROM membership m CROSS JOIN conversation c ON c.id = m.conversation
  WHERE m.namespace = ? AND m.user = ? AND m.listed = 0`;

export function createActivity(deps: { db: Database; namespaces: Namespaces; sequences: Pick<Sequences, 'peek'> }): Activity {
  const { db, namespaces, sequences } = deps;
  const readListed = query<ListedRow>(db, READ_LISTED);
  const readLarge = query<ListedRow>(db, READ_LARGE);
  const setConversation = statement(db, 'UPDATE conversation SET listed = ? WHERE id = ?');
  const setMembers = statement(db, 'UPDATE membership SET listed = ? WHERE conversation = ?');
  const countMembers = query<{ count: number }>(
    db,
    'SELECT count(*) AS count FROM (SELECT 1 FROM membership WHERE conversation = ? LIMIT ?)',
  );

  function list(sequence: Sequence, at: number): void {
    const { id } = sequence.conversation;
    sequence.listed = at;
    setConversation.run(at, id);
    setMembers.run(at, id);
  }

  function activityOf({ conversation, last_id }: ListedRow): number {
    return Math.max(conversation, sequences.peek(conversation)?.lastId ?? last_id);
  }

  return {
    said(sequence, id) {
      if (sequence.listed > 0 && id - sequence.listed >= STEP) list(sequence, id);
    },
    joined(sequence) {
      if (sequence.listed <= 0) return;
      const count = countMembers.get(sequence.conversation.id, MAX_LISTED + 1)?.count ?? 0;
      if (count > MAX_LISTED) list(sequence, 0);
    },
    newest(namespace, user, before, limit) {
      const number = namespaces.number(namespace);
      const below = before === 0 ? Number.MAX_SAFE_INTEGER : before;
      let found: { row: MembershipRow; activity: number }[] = [];
      const take = (rows: readonly ListedRow[]): void => {
        for (const row of rows) {
          const activity = activityOf(row);
          if (activity < below) found.push({ row, activity });
        }
        found = found.sort((one, other) => other.activity - one.activity).slice(0, limit);
      };
      take(readLarge.all(number, user));
      for (let listed = below, conversation = 0; ;) {
        const rows = readListed.all(number, user, listed, conversation, limit + 1);
        take(rows);
        const last = rows.at(-1);
        if (last === undefined || rows.length <= limit) break;
        // What was not read is at most a step newer than it is listed.
        const least = found.length < limit ? undefined : found.at(-1);
        if (least !== undefined && least.activity >= last.listed + STEP) break;
        ({ listed, conversation } = last);
      }
      return found.map(({ row }) => row);
    },
  };
}
