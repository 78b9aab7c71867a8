/**
 * What one person has said and uploaded: read for an export, and erased. Nothing leads from a sender to their messages, which would cost every
 * send: the feed is searched from its beginning, some of it at a time.
 */
import type { AuthoredPage, Change, EraseSome, Erasure, Message, Outcome } from '../../core/index.ts';
import { ChatError } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Files } from './files.ts';
import type { MessageRows } from './message-rows.ts';
import type { Messages } from './messages.ts';
import type { Namespaces } from './namespaces.ts';
import { toMessage } from './rows.ts';
import type { SentKeys } from './sent-keys.ts';
import type { Sequences } from './sequences.ts';
import { query, statement } from './statements.ts';

/** Rows of the feed looked at in one step: a few milliseconds. */
const ROWS_PER_STEP = 5_000;

/** Files let go in one step. */
const FILES_PER_STEP = 100;

export interface People {
  eraseSome(operation: EraseSome): Outcome;
  erasure(namespace: string, user: number): Erasure | undefined;
  unfinished(): readonly Erasure[];
  authored(namespace: string, user: number, after: number, limit: number): AuthoredPage;
}

interface ErasureRow {
  readonly namespace: number;
  readonly user: number;
  readonly started_at: number;
  readonly searched: number;
  readonly finished_at: number | null;
}

export function createPeople(deps: {
  db: Database;
  namespaces: Namespaces;
  sequences: Sequences;
  messages: Pick<Messages, 'takeBack'>;
  sentKeys: Pick<SentKeys, 'forget'>;
  files: Pick<Files, 'letGo'>;
  rows: MessageRows;
  now: () => number;
}): People {
  const { db, namespaces, sequences, messages, sentKeys, files, rows, now } = deps;
  const readErasure = query<ErasureRow>(db, 'SELECT * FROM person_erasure WHERE namespace = ? AND user = ?');
  const readUnfinished = query<ErasureRow>(
    db,
    'SELECT * FROM person_erasure WHERE finished_at IS NULL ORDER BY started_at LIMIT 100',
  );
  const setSearched = statement(db, 'UPDATE person_erasure SET searched = ? WHERE namespace = ? AND user = ?');
  const finish = statement(db, 'UPDATE person_erasure SET finished_at = ? WHERE namespace = ? AND user = ?');
  const readStep = query<{ id: number | null; count: number }>(
    db,
    'SELECT max(id) AS id, count(*) AS count FROM (SELECT id FROM message WHERE id > ? ORDER BY id LIMIT ?)',
  );
  const readEventStep = query<{ id: number | null; count: number }>(
    db,
    'SELECT max(id) AS id, count(*) AS count FROM (SELECT id FROM event WHERE id > ? ORDER BY id LIMIT ?)',
  );
  const readSent = query<{ id: number; conversation: number }>(
    db,
    'SELECT id, conversation FROM message WHERE id > ? AND id <= ? AND sender = ? ORDER BY id LIMIT ?',
  );
  const forgetTraces = statement(
    db,
    `UPDATE event SET trace = NULL, session = 0
     WHERE id > ? AND id <= ? AND user = ? AND namespace = ? AND (trace IS NOT NULL OR session <> 0)`,
  );

  /** Messages of a user in the part of the log from one id to another. Ids of users are their namespace's own: the conversation tells whose it is. */
  function sentBetween(
    namespace: number,
    user: number,
    from: number,
    upTo: number,
    limit: number,
  ): { ids: number[]; next: number } {
    const found = readSent.all(from, upTo, user, limit);
    const ids = found.filter(({ conversation }) => sequences.get(conversation)?.namespace === namespace).map(({ id }) => id);
    return { ids, next: found.length < limit ? upTo : (found.at(-1)?.id ?? upTo) };
  }

  function eraseMessages(erasure: ErasureRow, limit: number): { changes: Change[]; done: boolean } {
    const { namespace, user, searched } = erasure;
    const steps = [readStep.get(searched, ROWS_PER_STEP), readEventStep.get(searched, ROWS_PER_STEP)];
    // Up to where both have been looked at: a step that was not full reaches to the end.
    const full = steps.filter((step) => step?.count === ROWS_PER_STEP).map((step) => step?.id ?? 0);
    const end = full.length > 0 ? Math.min(...full) : Math.max(searched, ...steps.map((step) => step?.id ?? 0));
    const { ids, next } = sentBetween(namespace, user, searched, end, limit);
    const changes = ids.flatMap((id) => messages.takeBack(id) ?? []);
    forgetTraces.run(searched, next, user, namespace);
    setSearched.run(next, namespace, user);
    return { changes, done: next === end && full.length === 0 };
  }

  function toErasure(row: ErasureRow): Erasure {
    return {
      namespace: namespaces.name(row.namespace),
      user: row.user,
      startedAt: row.started_at,
      ...(row.finished_at !== null && { finishedAt: row.finished_at }),
    };
  }

  return {
    eraseSome(operation) {
      const namespace = namespaces.number(operation.namespace);
      const { user } = operation;
      const erasure = readErasure.get(namespace, user);
      if (erasure === undefined) {
        return { type: 'refused', reason: new ChatError('not_found', 'Nobody has asked for the erasure of this user.') };
      }
      if (erasure.finished_at !== null) return { type: 'erase-some', changes: [], done: true };
      const { changes, done } = eraseMessages(erasure, operation.limit);
      if (!done || files.letGo(namespace, user, FILES_PER_STEP)) return { type: 'erase-some', changes, done: false };
      sentKeys.forget(namespace, user);
      finish.run(now(), namespace, user);
      db.scrubLater();
      db.emptyLog();
      return { type: 'erase-some', changes, done: true };
    },
    erasure(namespace, user) {
      const row = readErasure.get(namespaces.number(namespace), user);
      return row === undefined ? undefined : toErasure(row);
    },
    unfinished: () => readUnfinished.all().map(toErasure),
    authored(namespace, user, after, limit) {
      const step = readStep.get(after, ROWS_PER_STEP);
      const end = step?.id ?? after;
      const { ids, next } = sentBetween(namespaces.number(namespace), user, after, end, limit);
      const sent = ids.map((id) => rows.get(id)).filter((row) => row !== undefined);
      const said: Message[] = sent.map((row) => toMessage(row, now()));
      return { messages: said, next, more: next < end || step?.count === ROWS_PER_STEP };
    },
  };
}
