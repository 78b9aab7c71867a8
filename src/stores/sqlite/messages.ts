/** Writing messages: append, edit, recall, expire, trim. Every function runs inside the batch's transaction. */
import { ChatError, timeOfId } from '../../core/index.ts';
import type {
  AppendMessage,
  Change,
  Content,
  EditMessage,
  ExpireMessages,
  IdSource,
  Message,
  Origin,
  Outcome,
  RecallMessage,
  TrimConversation,
} from '../../core/index.ts';
import type { Activity } from './activity.ts';
import type { Asides } from './asides.ts';
import type { Conversations } from './conversations.ts';
import type { Cursors } from './cursors.ts';
import type { Database } from './database.ts';
import type { Desk } from './desk.ts';
import type { Feed } from './feed.ts';
import type { Files } from './files.ts';
import type { Namespaces } from './namespaces.ts';
import { EXPIRED, RECALLED, SENT, sameContent, toColumns, toContent, toMessage } from './rows.ts';
import type { ContentColumns, MessageRow } from './rows.ts';
import type { MessageRows } from './message-rows.ts';
import { hashKey } from './sent-keys.ts';
import type { SentKeys } from './sent-keys.ts';
import type { Search } from './search.ts';
import type { Sequence, Sequences } from './sequences.ts';
import { parseColumn, query, statement } from './statements.ts';

export interface Messages {
  append(operation: AppendMessage): Outcome;
  edit(operation: EditMessage): Outcome;
  recall(operation: RecallMessage): Outcome;
  expire(operation: ExpireMessages): Outcome;
  trim(operation: TrimConversation): Outcome;
  /** Takes back a message whose sender is erased, without a trace of how it was sent. Undefined when there was nothing left of it. */
  takeBack(id: number): Change | undefined;
  /** Erases messages of a deleted conversation, some at a time. Returns whether any were left. */
  eraseDeleted(limit: number): boolean;
}

export function createMessages(deps: {
  db: Database;
  ids: IdSource;
  namespaces: Namespaces;
  sequences: Sequences;
  conversations: Conversations;
  sentKeys: SentKeys;
  feed: Feed;
  files: Pick<Files, 'use' | 'file'>;
  activity: Pick<Activity, 'said'>;
  cursors: Pick<Cursors, 'passOver'>;
  search: Pick<Search, 'remove' | 'replace'>;
  asides: Pick<Asides, 'ensure'>;
  /** It appends messages itself, so it is there later than this. */
  desk: () => Pick<Desk, 'messageStored' | 'sceneOf'>;
  rows: MessageRows;
  now: () => number;
}): Messages {
  const { db, ids, namespaces, sequences, conversations, sentKeys, feed, files, activity, cursors, search, asides, desk } = deps;
  const { rows, now } = deps;
  const insert = statement(
    db,
    `INSERT INTO message (id, conversation, idx, sender, kind, state, text, data, key, expires_at, door, session, trace, desk)
     VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const setDesk = statement(db, 'UPDATE message SET desk = ? WHERE id = ?');
  const insertExternal = statement(db, 'INSERT OR REPLACE INTO message_external (namespace, external, message) VALUES (?, ?, ?)');
  const removeExternal = statement(db, 'DELETE FROM message_external WHERE message = ?');
  const readExternal = query<{ message: number }>(
    db,
    'SELECT message FROM message_external WHERE namespace = ? AND external = ?',
  );
  const insertExpiry = statement(db, 'INSERT INTO expiry (at, message) VALUES (?, ?)');
  const readDue = query<{ at: number; message: number }>(db, 'SELECT at, message FROM expiry WHERE at <= ? ORDER BY at LIMIT ?');
  const removeDue = statement(db, 'DELETE FROM expiry WHERE at = ? AND message = ?');
  const insertGone = statement(db, 'INSERT OR IGNORE INTO gone (conversation, idx, sender) VALUES (?, ?, ?)');
  const setContent = statement(db, 'UPDATE message SET kind = ?, text = ?, data = ?, edited_at = ? WHERE id = ?');
  const eraseContent = statement(db, 'UPDATE message SET state = ?, text = NULL, data = NULL WHERE id = ?');
  const insertRevision = statement(db, 'INSERT INTO revision (message, replaced_at, kind, text, data) VALUES (?, ?, ?, ?, ?)');
  const dropRevisions = statement(
    db,
    'DELETE FROM revision WHERE rowid IN (SELECT rowid FROM revision WHERE message = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?)',
  );
  const eraseRevisions = statement(db, 'DELETE FROM revision WHERE message = ?');
  const forgetOrigin = statement(db, 'UPDATE message SET key = NULL, trace = NULL, session = 0 WHERE id = ?');
  const removeRow = statement(db, 'DELETE FROM message WHERE id = ?');
  const removeGone = statement(db, 'DELETE FROM gone WHERE conversation = ? AND idx < ?');
  const readErasure = query<{ conversation: number }>(db, 'SELECT conversation FROM erasure LIMIT 1');
  const endErasure = statement(db, 'DELETE FROM erasure WHERE conversation = ?');
  const readChunk = query<{ slot: number; ids: Uint8Array }>(
    db,
    'SELECT slot, ids FROM chunk WHERE conversation = ? ORDER BY slot LIMIT 1',
  );
  const removeChunk = statement(db, 'DELETE FROM chunk WHERE conversation = ? AND slot = ?');

  function findDuplicate(
    operation: AppendMessage,
    namespace: number,
    columns: ContentColumns,
    hash: number,
  ): Outcome | undefined {
    if (operation.key === undefined) return undefined;
    const id = sentKeys.find(namespace, operation.sender, hash, now());
    const row = id === undefined ? undefined : rows.get(id);
    if (row === undefined || row.key !== operation.key || row.sender !== operation.sender) return undefined;
    const sequence = sequences.get(row.conversation);
    if (sequence === undefined || sequence.namespace !== namespace) return undefined;
    const changed = row.state !== SENT || row.edited_at !== null;
    if (isTarget(operation, sequence) && (changed || sameContent(row, columns) || sameFile(row, operation.content)))
      return duplicateOf(row, sequence);
    if (operation.keyReuse === 'new') return undefined;
    return refuse('already_exists', 'This idempotency key was used for another message.');
  }

  function duplicateOf(row: MessageRow, sequence: Sequence): Outcome {
    const { conversation } = sequence;
    const scene = conversation.kind === 'support' ? desk().sceneOf(sequence, row.sender) : undefined;
    const message = toMessage(row, now());
    return { type: 'append', conversation, message, duplicate: true, created: false, ...(scene && { scene }) };
  }

  /** The message a back end has brought before under this id. */
  function findExternal(operation: AppendMessage, namespace: number): Outcome | undefined {
    const external = operation.desk?.external;
    const row = external === undefined ? undefined : rows.get(readExternal.get(namespace, external)?.message ?? 0);
    const sequence = row && sequences.get(row.conversation);
    if (row === undefined || sequence === undefined) return undefined;
    if (isTarget(operation, sequence)) return duplicateOf(row, sequence);
    return refuse('already_exists', 'There is a message with this id in another chat.');
  }

  /** The same words with a file that was uploaded again: who repeats a send that has a file in it sends that as well. */
  function sameFile(row: MessageRow, content: Content): boolean {
    const before = toContent(row);
    const [one, other] = [before, content].map(({ resource }) =>
      resource?.file === undefined ? undefined : files.file(resource.file),
    );
    if (one === undefined || other === undefined) return false;
    return one.hash === other.hash && one.name === other.name && before.kind === content.kind && before.text === content.text;
  }

  function append(operation: AppendMessage): Outcome {
    const namespace = namespaces.ensure(operation.namespace);
    const known = findExternal(operation, namespace);
    if (known !== undefined) return known;
    const columns = toColumns(operation.content);
    const hash = operation.key === undefined ? 0 : hashKey(operation.key);
    const duplicate = findDuplicate(operation, namespace, columns, hash);
    if (duplicate !== undefined) return duplicate;
    if (operation.conversation === 0) {
      const opened = conversations.openPrivate(namespace, operation);
      return 'type' in opened ? opened : appendTo(opened.sequence, operation, columns, hash, opened.created);
    }
    const sequence = sequences.get(operation.conversation);
    if (sequence === undefined) return STALE;
    const { sender, version, writers, aside } = operation;
    const holds = sequence.conversation.version === version;
    if (!holds && (writers === undefined || !conversations.mayStillWrite(sequence, sender, writers))) return STALE;
    return appendTo(aside === undefined ? sequence : asides.ensure(sequence, aside), operation, columns, hash, false);
  }

  function appendTo(
    sequence: Sequence,
    operation: AppendMessage,
    columns: ContentColumns,
    hash: number,
    created: boolean,
  ): Outcome {
    const message = store(sequence, operation, columns, hash);
    const told = sequence.conversation.kind === 'support' ? desk().messageStored(sequence, message, operation) : undefined;
    return { type: 'append', conversation: sequence.conversation, message, duplicate: false, created, ...told };
  }

  function store(sequence: Sequence, operation: AppendMessage, columns: ContentColumns, hash: number): Message {
    const { sender, content, desk: part, key, expiresAfter, origin } = operation;
    const id = ids.next();
    const index = sequence.lastIndex + 1;
    const sentAt = timeOfId(id);
    const expiresAt = expiresAfter === undefined ? null : Math.ceil(sentAt + expiresAfter);
    const { kind, text, data } = columns;
    const conversation = sequence.conversation.id;
    insert.run(
      id,
      conversation,
      index,
      sender,
      kind,
      text,
      data,
      key ?? null,
      expiresAt,
      origin.door,
      origin.session,
      origin.trace ?? null,
      part === undefined ? null : JSON.stringify(part),
    );
    if (part?.external !== undefined) insertExternal.run(sequence.namespace, part.external, id);
    if (expiresAt !== null) insertExpiry.run(expiresAt, id);
    const used = filesIn(content);
    if (used.length > 0) useFiles(sequence.namespace, id, conversation, used);
    activity.said(sequence, id);
    sequences.append(sequence, id, index, sender);
    if (key !== undefined) sentKeys.add(sequence.namespace, sender, hash, id, now());
    const message = { id, conversation, index, sender, content, state: 'sent' as const, sentAt };
    if (expiresAt === null && part === undefined) return message;
    return { ...message, ...(expiresAt !== null && { expiresAt }), ...(part && { desk: part }) };
  }

  function useFiles(namespace: number, message: number, conversation: number, used: readonly number[]): void {
    files.use(namespace, { kind: 'message', subject: message, scope: conversation }, ...used);
  }

  /** What the message had besides its place: its content, its words in the search index, earlier contents and its file. */
  function eraseAll(state: number, row: MessageRow, sequence: Sequence): void {
    db.erased();
    search.remove(row);
    eraseContent.run(state, row.id);
    eraseRevisions.run(row.id);
    if (row.data !== null) useFiles(sequence.namespace, row.id, row.conversation, []);
    if (row.desk === null) return;
    // What else a back end told of it may repeat what was said.
    const { extra: _, ...part } = parseColumn('desk', row.desk);
    setDesk.run(JSON.stringify(part), row.id);
  }

  /** The message and its sequence; undefined when there is none, or the conversation is gone. */
  function find(id: number): { row: MessageRow; sequence: Sequence } | undefined {
    const row = rows.get(id);
    const sequence = row === undefined ? undefined : sequences.get(row.conversation);
    return row === undefined || sequence === undefined ? undefined : { row, sequence };
  }

  function change(
    sequence: Sequence,
    row: MessageRow,
    type: 'edited' | 'recalled' | 'expired',
    user: number,
    origin: Origin,
  ): Change {
    const id = feed.add({
      type: `message.${type}`,
      namespace: sequence.namespace,
      conversation: row.conversation,
      user,
      message: row.id,
      index: row.idx,
      origin,
    });
    if (type !== 'expired') sequences.changed(sequence, id);
    const message = toMessage(rows.get(row.id) ?? row, now());
    const scene = sequence.conversation.kind === 'support' ? desk().sceneOf(sequence, row.sender) : undefined;
    return { id, conversation: sequence.conversation, message, changed: true, ...(scene && { scene }) };
  }

  function unchanged(sequence: Sequence, row: MessageRow): Change {
    return { id: 0, conversation: sequence.conversation, message: toMessage(row, now()), changed: false };
  }

  return {
    append,
    edit(operation) {
      const found = find(operation.message);
      if (found === undefined) return refuse('not_found', 'There is no such message.');
      const { row, sequence } = found;
      const { user, writers, keep } = operation;
      if (writers !== undefined && !conversations.mayStillWrite(sequence, user, writers)) return STALE;
      if (toMessage(row, now()).state !== 'sent')
        return refuse('failed_precondition', 'A recalled or expired message cannot be edited.');
      const columns = toColumns(operation.content);
      const part = operation.desk === undefined ? row.desk : JSON.stringify(operation.desk);
      if (sameContent(row, columns) && part === row.desk) return { type: 'edit', ...unchanged(sequence, row) };
      search.replace(row, columns);
      // Later than the edit before, whatever the clock says: pages of revisions go on after a moment.
      const at = Math.max(now(), (row.edited_at ?? 0) + 1);
      insertRevision.run(row.id, at, row.kind, row.text, row.data);
      if (keep !== undefined) dropRevisions.run(row.id, keep);
      setContent.run(columns.kind, columns.text, columns.data, at, row.id);
      if (part !== row.desk) setDesk.run(part, row.id);
      if (row.data !== columns.data) useFiles(sequence.namespace, row.id, row.conversation, filesIn(operation.content));
      return { type: 'edit', ...change(sequence, row, 'edited', user, operation.origin) };
    },
    recall(operation) {
      const found = find(operation.message);
      if (found === undefined) return refuse('not_found', 'There is no such message.');
      const { row, sequence } = found;
      if (toMessage(row, now()).state !== 'sent') return { type: 'recall', ...unchanged(sequence, row) };
      eraseAll(RECALLED, row, sequence);
      return { type: 'recall', ...change(sequence, row, 'recalled', operation.user, operation.origin) };
    },
    expire(operation) {
      const due = readDue.all(operation.now, operation.limit);
      const changes: Change[] = [];
      for (const { at, message } of due) {
        removeDue.run(at, message);
        const found = find(message);
        if (found === undefined || found.row.state === EXPIRED) continue;
        const { row, sequence } = found;
        eraseAll(EXPIRED, row, sequence);
        insertGone.run(row.conversation, row.idx, row.sender);
        changes.push(change(sequence, row, 'expired', 0, SERVER));
      }
      return { type: 'expire', changes, more: due.length === operation.limit };
    },
    trim(operation) {
      const sequence = sequences.get(operation.conversation);
      if (sequence === undefined) return refuse('not_found', 'There is no such conversation.');
      const before = Math.min(operation.before, sequence.lastIndex + 1);
      if (before <= sequence.firstIndex) return { type: 'trim', removed: 0 };
      const removed = sequences.idsBetween(sequence, sequence.firstIndex, before - 1);
      if (operation.passed !== true) cursors.passOver(sequence, before - 1);
      for (const id of removed) erase(id);
      removeGone.run(operation.conversation, before);
      sequences.trim(sequence, before, removed.at(-1) ?? sequence.cutId);
      return { type: 'trim', removed: removed.length };
    },
    takeBack(id) {
      const found = find(id);
      if (found === undefined) return undefined;
      const { row, sequence } = found;
      forgetOrigin.run(id);
      if (row.state !== SENT) return undefined;
      eraseAll(RECALLED, row, sequence);
      return change(sequence, row, 'recalled', row.sender, SERVER);
    },
    eraseDeleted(limit) {
      const conversation = readErasure.get()?.conversation;
      if (conversation === undefined) return false;
      for (let erased = 0; erased < limit;) {
        const chunk = readChunk.get(conversation);
        if (chunk === undefined) {
          removeGone.run(conversation, Number.MAX_SAFE_INTEGER);
          endErasure.run(conversation);
          return true;
        }
        const messages = new Float64Array(chunk.ids.buffer, chunk.ids.byteOffset, chunk.ids.byteLength / 8);
        for (const id of messages) erase(id);
        erased += messages.length;
        removeChunk.run(conversation, chunk.slot);
      }
      return true;
    },
  };

  function erase(id: number): void {
    db.erased();
    const row = rows.get(id);
    if (row === undefined) return;
    if (row.expires_at !== null) removeDue.run(row.expires_at, id);
    // Whose namespace it was does not matter to what is let go.
    if (row.data !== null) useFiles(0, id, row.conversation, []);
    if (row.desk !== null) removeExternal.run(id);
    search.remove(row);
    eraseRevisions.run(id);
    removeRow.run(id);
  }
}

const STALE: Outcome = { type: 'refused', reason: 'stale' };
/** Files of ours in a content. */
function filesIn({ resource, attachments }: Content): readonly number[] {
  const all = attachments?.map((one) => ('resource' in one ? one.resource : undefined)) ?? [resource];
  return [...new Set(all.map((one) => one?.file).filter((file) => file !== undefined))];
}

const SERVER: Origin = { door: 'server', session: 0 };

function isTarget(operation: AppendMessage, sequence: Sequence): boolean {
  const { id, peers, aside } = sequence.conversation;
  if (operation.conversation !== 0) return (aside?.of ?? id) === operation.conversation && aside?.audience === operation.aside;
  return (
    peers !== undefined &&
    Math.min(operation.sender, operation.peer) === peers[0] &&
    Math.max(operation.sender, operation.peer) === peers[1]
  );
}

export function refuse(code: ConstructorParameters<typeof ChatError>[0], message: string): Outcome {
  return { type: 'refused', reason: new ChatError(code, message) };
}
