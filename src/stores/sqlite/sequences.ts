/**
 * Where each conversation's messages lie in the log.
 *
 * A conversation's newest ids are in memory (`tail`), its older ones in chunks of 128 ids. Appending a message touches memory only; chunks,
 * heads and per-author counts are written behind (write-behind.ts), and after a restart read back from the log: nothing here can drift, it is
 * all derived from the log, in the log's own order.
 */
import type { Conversation, ConversationHead } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import { toConversation } from './rows.ts';
import type { ConversationRow } from './rows.ts';
import { query, statement } from './statements.ts';
import type { Unwritten, WriteBehind } from './write-behind.ts';

/** Ids in a chunk: 1 KiB, so that one page of history is one or two rows. */
export const CHUNK = 128;

export interface Sequence extends Unwritten {
  conversation: Conversation;
  readonly namespace: number;
  firstIndex: number;
  cutId: number;
  lastIndex: number;
  lastId: number;
  /** Id of the newest edit, recall or read. */
  lastChange: number;
  /** About when something was last said, as it is in the members' lists; 0: it is not kept there (activity.ts). */
  listed: number;
  /** Index of tail[0]: always the first of a chunk. */
  tailFrom: number;
  /** Ids from `tailFrom` to `lastIndex`. */
  tail: number[];
  /** How many messages an author has sent as a member; only of those who wrote since this was last written. */
  readonly authored: Map<number, number>;
}

export interface Sequences {
  get(conversation: number): Sequence | undefined;
  create(row: ConversationRow, conversation: Conversation): Sequence;
  remove(conversation: number): void;
  /** Takes a message that is in the log into the sequence. */
  append(sequence: Sequence, id: number, index: number, sender: number): void;
  changed(sequence: Sequence, change: number): void;
  head(sequence: Sequence): ConversationHead;
  /** Id of the message at an index; 0 when there is none. */
  idAt(sequence: Sequence, index: number): number;
  /** Ids from one index to another, ascending. */
  idsBetween(sequence: Sequence, from: number, to: number): number[];
  /** Index of the newest message with this id or an older one; 0 when there is none. */
  indexUpTo(sequence: Sequence, id: number): number;
  /** How many messages an author has in the conversation. */
  authored(sequence: Sequence, user: number): number;
  /** Marks removed messages: everything below the index. */
  trim(sequence: Sequence, before: number, cutId: number): void;
  /** The sequence if it is in memory: its head may be ahead of its row. */
  peek(conversation: number): Sequence | undefined;
  /** Forgets everything in memory and reads it back from the log. */
  restore(): void;
}

/** Sequences kept in memory beyond those being written. */
const MAX_SEQUENCES = 100_000;

export function createSequences(deps: {
  db: Database;
  namespaces: Namespaces;
  behind: WriteBehind;
  /** Told of every message read back from the log. */
  onRestore: (message: { id: number; namespace: number; sender: number; key: string }) => void;
}): Sequences {
  const { db, namespaces, behind, onRestore } = deps;
  const readRow = query<ConversationRow>(db, 'SELECT * FROM conversation WHERE id = ?');
  const readChunk = query<{ ids: Uint8Array }>(db, 'SELECT ids FROM chunk WHERE conversation = ? AND slot = ?');
  const writeChunk = statement(db, 'INSERT OR REPLACE INTO chunk (conversation, slot, ids) VALUES (?, ?, ?)');
  const dropChunks = statement(db, 'DELETE FROM chunk WHERE conversation = ? AND slot < ?');
  const writeHead = statement(
    db,
    'UPDATE conversation SET last_index = ?, last_id = ?, last_change = ?, first_index = ?, cut_id = ? WHERE id = ?',
  );
  const writeAuthored = statement(db, 'UPDATE membership SET authored = ? WHERE conversation = ? AND user = ?');
  const readAuthored = query<{ authored: number }>(db, 'SELECT authored FROM membership WHERE conversation = ? AND user = ?');
  const readLog = query<{ id: number; conversation: number; idx: number; sender: number; key: string | null }>(
    db,
    'SELECT id, conversation, idx, sender, key FROM message WHERE id > ? ORDER BY id LIMIT 10000',
  );
  const readChanges = query<{ id: number; conversation: number }>(
    db,
    "SELECT id, conversation FROM event WHERE id > ? AND type IN ('message.edited', 'message.recalled', 'message.read') ORDER BY id LIMIT 10000",
  );

  let sequences = new Map<number, Sequence>();

  function load(conversation: number): Sequence | undefined {
    const row = readRow.get(conversation);
    return row === undefined ? undefined : keep(row, toConversation(row, namespaces.name(row.namespace)));
  }

  function keep(row: ConversationRow, conversation: Conversation): Sequence {
    if (sequences.size >= MAX_SEQUENCES) forgetClean();
    const tailFrom = row.last_index - (row.last_index % CHUNK) + 1;
    const sequence: Sequence = {
      conversation,
      namespace: row.namespace,
      firstIndex: row.first_index,
      cutId: row.cut_id,
      lastIndex: row.last_index,
      lastId: row.last_id,
      lastChange: row.last_change,
      listed: row.listed,
      tailFrom,
      tail: row.last_index < tailFrom ? [] : chunkIds(row.id, slotOf(tailFrom)).slice(0, row.last_index - tailFrom + 1),
      authored: new Map(),
      unwritten: false,
      write: () => write(sequence),
    };
    sequences.set(row.id, sequence);
    return sequence;
  }

  function forgetClean(): void {
    for (const [id, sequence] of sequences) {
      if (!sequence.unwritten) sequences.delete(id);
      if (sequences.size < MAX_SEQUENCES * 0.9) return;
    }
  }

  function chunkIds(conversation: number, slot: number): number[] {
    const row = readChunk.get(conversation, slot);
    return row === undefined ? [] : decodeNumbers(row.ids);
  }

  function idAt(sequence: Sequence, index: number): number {
    if (index < sequence.firstIndex || index > sequence.lastIndex) return 0;
    if (index >= sequence.tailFrom) return sequence.tail[index - sequence.tailFrom] ?? 0;
    return chunkIds(sequence.conversation.id, slotOf(index))[(index - 1) % CHUNK] ?? 0;
  }

  function indexUpTo(sequence: Sequence, id: number): number {
    if (id >= sequence.lastId) return sequence.lastIndex;
    const tailFirst = sequence.tail[0];
    // The tail may begin with ids that retention has removed.
    if (tailFirst !== undefined && id >= tailFirst) {
      return Math.max(sequence.firstIndex - 1, sequence.tailFrom + lastAtMost(sequence.tail, id));
    }
    // Whole slots before the tail: find the last whose first id is not above.
    let low = slotOf(Math.max(1, sequence.firstIndex));
    let high = slotOf(sequence.tailFrom) - 1;
    let found: { slot: number; ids: number[] } | undefined;
    while (low <= high) {
      const slot = (low + high) >> 1;
      const ids = chunkIds(sequence.conversation.id, slot);
      if (ids.length > 0 && (ids[0] ?? 0) <= id) {
        found = { slot, ids };
        low = slot + 1;
      } else high = slot - 1;
    }
    if (found === undefined) return sequence.firstIndex - 1;
    return Math.max(sequence.firstIndex - 1, found.slot * CHUNK + 1 + lastAtMost(found.ids, id));
  }

  function write(sequence: Sequence): void {
    const { conversation } = sequence;
    for (let at = 0; at < sequence.tail.length; at += CHUNK) {
      writeChunk.run(conversation.id, slotOf(sequence.tailFrom + at), encodeNumbers(sequence.tail.slice(at, at + CHUNK)));
    }
    const full = sequence.tail.length - (sequence.tail.length % CHUNK);
    sequence.tail = sequence.tail.slice(full);
    sequence.tailFrom += full;
    writeHead.run(sequence.lastIndex, sequence.lastId, sequence.lastChange, sequence.firstIndex, sequence.cutId, conversation.id);
    for (const [user, count] of sequence.authored) writeAuthored.run(count, conversation.id, user);
    sequence.authored.clear();
  }

  function authored(sequence: Sequence, user: number): number {
    return sequence.authored.get(user) ?? readAuthored.get(sequence.conversation.id, user)?.authored ?? 0;
  }

  function get(conversation: number): Sequence | undefined {
    return sequences.get(conversation) ?? load(conversation);
  }

  function append(sequence: Sequence, id: number, index: number, sender: number): void {
    sequence.lastIndex = index;
    sequence.lastId = id;
    sequence.tail.push(id);
    if (sequence.conversation.kind !== 'room') sequence.authored.set(sender, authored(sequence, sender) + 1);
    behind.add(sequence, id);
  }

  function changed(sequence: Sequence, change: number): void {
    sequence.lastChange = change;
    behind.add(sequence, change);
  }

  function restoreMessages(): void {
    for (let after = behind.restoreFrom; ;) {
      const rows = readLog.all(after);
      for (const row of rows) {
        const sequence = get(row.conversation);
        if (sequence === undefined) continue;
        // A sequence written after the last full pass has it already.
        if (row.idx === sequence.lastIndex + 1) append(sequence, row.id, row.idx, row.sender);
        if (row.key !== null) onRestore({ id: row.id, namespace: sequence.namespace, sender: row.sender, key: row.key });
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  function restoreChanges(): void {
    for (let after = behind.restoreFrom; ;) {
      const rows = readChanges.all(after);
      for (const row of rows) {
        const sequence = get(row.conversation);
        if (sequence !== undefined && row.id > sequence.lastChange) changed(sequence, row.id);
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  return {
    get,
    create(row, conversation) {
      return keep(row, conversation);
    },
    remove(conversation) {
      const sequence = sequences.get(conversation);
      if (sequence === undefined) return;
      behind.writeNow(sequence);
      sequences.delete(conversation);
    },
    append,
    changed,
    head: ({ conversation, lastIndex, lastId, firstIndex, cutId }) => ({ conversation, lastIndex, lastId, firstIndex, cutId }),
    idAt,
    idsBetween(sequence, from, to) {
      const ids: number[] = [];
      const start = Math.max(from, sequence.firstIndex, 1);
      const end = Math.min(to, sequence.lastIndex);
      for (let index = start; index <= end && index < sequence.tailFrom; index = (slotOf(index) + 1) * CHUNK + 1) {
        const chunk = chunkIds(sequence.conversation.id, slotOf(index));
        ids.push(...chunk.slice((index - 1) % CHUNK, ((index - 1) % CHUNK) + end - index + 1));
      }
      const tailStart = Math.max(start, sequence.tailFrom);
      if (tailStart <= end) ids.push(...sequence.tail.slice(tailStart - sequence.tailFrom, end - sequence.tailFrom + 1));
      return ids;
    },
    indexUpTo,
    authored,
    trim(sequence, before, cutId) {
      sequence.firstIndex = before;
      sequence.cutId = cutId;
      dropChunks.run(sequence.conversation.id, slotOf(before));
      write(sequence);
    },
    peek: (conversation) => sequences.get(conversation),
    restore() {
      sequences = new Map();
      restoreMessages();
      restoreChanges();
    },
  };
}

/** Slot of the chunk that holds an index. */
function slotOf(index: number): number {
  return Math.floor((index - 1) / CHUNK);
}

/** Position of the last number that is not above the limit; -1 when all are. */
function lastAtMost(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length - 1;
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= limit) {
      found = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found;
}

/** Integers below 2^53 as 8 bytes each. */
export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

export function decodeNumbers(bytes: Uint8Array): number[] {
  return [...new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8)];
}
