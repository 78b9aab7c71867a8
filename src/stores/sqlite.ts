/**
 * The embedded store: one file, one writer, no other process. See docs/adr/0004-log-and-chunks.md and 0005-where-the-writer-lives.md.
 */
import { createIdSource } from '../core/index.ts';
import type { Operation, Outcome, Scene, Store } from '../core/index.ts';
import { createAccounts } from './sqlite/accounts.ts';
import { createActivity } from './sqlite/activity.ts';
import { createAsides } from './sqlite/asides.ts';
import { createConversations } from './sqlite/conversations.ts';
import { createCursors } from './sqlite/cursors.ts';
import { openDatabase } from './sqlite/database.ts';
import type { Database } from './sqlite/database.ts';
import { createDeskChats } from './sqlite/desk-chats.ts';
import type { KeptChat } from './sqlite/desk-chats.ts';
import { createDeskCursors } from './sqlite/desk-cursors.ts';
import { createDeskReading } from './sqlite/desk-reading.ts';
import { createDeskSettings } from './sqlite/desk-settings.ts';
import { createDesk } from './sqlite/desk.ts';
import type { Desk } from './sqlite/desk.ts';
import { createFeed } from './sqlite/feed.ts';
import { createFiles } from './sqlite/files.ts';
import { createHandover } from './sqlite/handover.ts';
import { createOpenHandovers } from './sqlite/open-handovers.ts';
import { createMessageRows } from './sqlite/message-rows.ts';
import { createMessages } from './sqlite/messages.ts';
import { migrate } from './sqlite/migrate.ts';
import { createModeration } from './sqlite/moderation.ts';
import { createNamespaces } from './sqlite/namespaces.ts';
import { createPeople } from './sqlite/people.ts';
import { createReading } from './sqlite/reading.ts';
import { createRelay } from './sqlite/relay.ts';
import { createRetention } from './sqlite/retention.ts';
import { toContent, toMessage } from './sqlite/rows.ts';
import type { ContentColumns } from './sqlite/rows.ts';
import { createSearch } from './sqlite/search.ts';
import { startIndexer } from './sqlite/indexer.ts';
import { createSentKeys, hashKey } from './sqlite/sent-keys.ts';
import { createSequences } from './sqlite/sequences.ts';
import type { Sequences } from './sqlite/sequences.ts';
import { query } from './sqlite/statements.ts';
import { createTraces } from './sqlite/traces.ts';
import { createVisitors } from './sqlite/visitors.ts';
import { createWriteBehind } from './sqlite/write-behind.ts';

/** Index entries written in one transaction: a fraction of a millisecond, so that commits in between hardly wait. */
const WRITE_AT_ONCE = 32;

/** How often what is unwritten is written: the later, the more changes share a write; the sooner, the less is read back after an abrupt stop. */
const WRITE_EVERY_MS = 3_000;

/** The outbox depth is counted up to here: beyond it the exact number tells nothing more. */
const MAX_COUNTED_DEPTH = 100_000;

/** Messages of deleted conversations erased at a time. */
const ERASE_AT_ONCE = 500;

export interface SqliteStoreOptions {
  /** Folder of the database, or ':memory:'. */
  readonly folder: string;
  readonly now?: () => number;
}

export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const now = options.now ?? Date.now;
  const db = openDatabase(options.folder);
  try {
    await migrate(db);
    return await assemble(db, now);
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function assemble(db: Database, now: () => number): Promise<Store> {
  const ids = createIdSource({ now });
  const namespaces = createNamespaces({ db });
  const behind = createWriteBehind({ db });
  const handovers = createOpenHandovers({ db });
  const rows = createMessageRows({ db, handovers });
  const sentKeys = createSentKeys({ db, behind });
  const sequences: Sequences = createSequences({
    db,
    namespaces,
    behind,
    onRestore: ({ id, namespace, sender, key }) => sentKeys.add(namespace, sender, hashKey(key), id, now()),
  });
  const feed = createFeed({ db, ids, namespaces, sequences: () => sequences, rows, now });
  const traces = createTraces({ db, feed, rows, now });
  const relay = createRelay({ db, feed, namespaces });
  const chats = createDeskChats({ db, namespaces });
  const asides = createAsides({ db, ids, namespaces, sequences, behind });
  const deskCursors = createDeskCursors({ sequences, chats, asides, rows, now });
  const cursors = createCursors({ db, namespaces, sequences, feed, rows, desk: deskCursors, now });
  const files = createFiles({ db, ids, namespaces });
  const activity = createActivity({ db, namespaces, sequences });
  const handover = createHandover({ db, open: handovers, sequences, behind, rows, sentKeys, now });
  const conversations = createConversations({
    db,
    ids,
    namespaces,
    sequences,
    behind,
    feed,
    files,
    activity,
    asides,
    chats,
    handover,
  });
  const search = createSearch({ db, namespaces, sequences, rows, now });
  const laterDesk = (): Desk => desk;
  const messages = createMessages({
    db,
    ids,
    namespaces,
    sequences,
    conversations,
    sentKeys,
    feed,
    files,
    activity,
    cursors,
    search,
    asides,
    desk: laterDesk,
    rows,
    now,
  });
  const visitors = createVisitors({ db, namespaces });
  const { append } = messages;
  const desk = createDesk({ ids, namespaces, sequences, conversations, chats, asides, visitors, handover, feed, append });
  const userSaved = (namespace: number, user: number, roleChanged: boolean): void => {
    chats.userSaved(namespace, user);
    if (roleChanged) asides.roleChanged(namespace, user);
  };
  const moderation = createModeration({ db, ids, namespaces, now });
  const accounts = createAccounts({ db, ids, namespaces, feed, files, chats, moderation, onSaved: userSaved, now });
  const people = createPeople({ db, namespaces, sequences, messages, sentKeys, files, rows, now });
  const retention = createRetention({ db, namespaces, sequences });
  const reading = createReading({ db, namespaces, sequences, cursors, rows, feed, activity, now });
  const settings = createDeskSettings({ db, ids, namespaces });
  const deskReading = createDeskReading({ db, namespaces, sequences, chats, reading });
  const hasErasure = query<{ conversation: number }>(db, 'SELECT conversation FROM erasure LIMIT 1');
  const readDue = query<{ at: number }>(db, 'SELECT at FROM expiry WHERE at <= ? LIMIT 1');
  const readBlocks = query<{ blocked: number }>(
    db,
    'SELECT blocked FROM block WHERE namespace = ? AND user = ? ORDER BY blocked',
  );
  const readRevisions = query<ContentColumns & { replaced_at: number }>(
    db,
    'SELECT replaced_at, kind, text, data FROM revision WHERE message = ? AND replaced_at > ? ORDER BY rowid LIMIT ?',
  );
  const readExternal = query<{ message: number }>(
    db,
    'SELECT message FROM message_external WHERE namespace = ? AND external = ?',
  );
  let closed = false;
  let commits = 0;
  let committing: Promise<unknown> = Promise.resolve();

  /** Memory back to what the file says: at the start, and when a transaction was undone. */
  function restore(): void {
    behind.reset();
    namespaces.restore();
    sentKeys.reset();
    chats.reset();
    handovers.restore();
    sequences.restore();
    search.restore();
    ids.startAfter(Math.max(feed.newest(), moderation.newest()));
  }

  function apply(operation: Operation): Outcome {
    switch (operation.type) {
      case 'append':
        return messages.append(operation);
      case 'edit':
        return messages.edit(operation);
      case 'recall':
        return messages.recall(operation);
      case 'expire':
        return messages.expire(operation);
      case 'trim':
        return messages.trim(operation);
      case 'pass-over':
        return cursors.passSome(operation);
      case 'forget-events':
        return { type: 'forget-events', more: feed.forget(operation.conversation, operation.upTo, operation.limit) };
      case 'fact':
        return relay.record(operation);
      case 'sink':
        return relay.move(operation);
      case 'drop-dead':
        return relay.drop(operation);
      case 'trim-feed':
        return { type: 'trim-feed', more: feed.trim(operation.before, operation.limit) };
      case 'erase-user':
        return accounts.erase(operation);
      case 'erase-some':
        return people.eraseSome(operation);
      case 'cursor':
        return cursors.move(operation);
      case 'deliver':
        return cursors.deliver(operation);
      case 'create':
        return conversations.create(operation);
      case 'update':
        return conversations.update(operation);
      case 'delete':
        return conversations.delete(operation);
      case 'members':
        return conversations.members(operation);
      case 'block':
        return conversations.block(operation);
      case 'open':
        return conversations.open(operation);
      case 'user':
        return accounts.save(operation);
      case 'revoke':
        return accounts.revoke(operation);
      case 'restrict':
        return moderation.restrict(operation);
      case 'lift':
        return moderation.lift(operation);
      case 'audit':
        return { type: 'audit' };
      case 'trim-audit':
        return moderation.trim(operation);
      case 'api-token':
        return accounts.saveApiToken(operation);
      case 'api-token-delete':
        return accounts.deleteApiToken(operation);
      case 'expect-blobs':
        return files.expectBlobs(operation);
      case 'file':
        return files.save(operation);
      case 'drop-files':
        return files.drop(operation);
      case 'forget-blobs':
        return files.forgetBlobs(operation);
      case 'chat-open':
        return desk.open(operation);
      case 'chat':
        return desk.change(operation);
      case 'identify':
        return desk.identify(operation);
      case 'desk-setting':
        return settings.save(operation);
      case 'desk-setting-delete':
        return settings.delete(operation);
    }
  }

  function applyAndNote(operation: Operation): Outcome {
    const outcome = apply(operation);
    moderation.record(operation, outcome);
    return outcome;
  }

  function sceneOf(chat: KeptChat | undefined): Scene | undefined {
    return chat && chats.scene(chat, 0);
  }

  /** One transaction at a time, and memory as it was when one is undone. */
  function write<T>(work: () => T): Promise<T> {
    const done = committing.then(() => db.transaction(work, restore));
    committing = done.catch(() => undefined);
    return done;
  }

  /** An answer leaves when everything it may contain is on disk. */
  async function read<T>(work: () => T): Promise<T> {
    const value = work();
    const durable = db.durable();
    if (durable !== undefined) await durable;
    return value;
  }

  async function tidy(): Promise<void> {
    for (let more = true; more && !closed;) {
      more = await write(() => {
        sentKeys.prune(now());
        const erased = messages.eraseDeleted(ERASE_AT_ONCE);
        return behind.writeSome(WRITE_AT_ONCE) || erased;
      });
    }
  }

  if (search.isOutdated()) await db.transaction(() => search.renew());
  restore();
  const indexer = startIndexer({ search, write, commits: () => commits });
  // One at a time: each waits in line with the commits, and a large deletion takes longer than the interval.
  let tidying = false;
  const timer = setInterval(() => {
    if (tidying || (behind.size === 0 && hasErasure.get() === undefined && !db.isLogStale())) return;
    tidying = true;
    tidy()
      .then(() => (db.isLogStale() ? write(() => db.emptyLog()) : undefined))
      .catch(() => undefined)
      .finally(() => {
        tidying = false;
      });
  }, WRITE_EVERY_MS);
  timer.unref();

  return {
    commit(operations) {
      commits += 1;
      return write(() => operations.map(applyAndNote));
    },
    user: (namespace, id) => read(() => accounts.user(namespace, id)),
    users: (namespace, wanted) =>
      read(() => wanted.map((id) => accounts.user(namespace, id)).filter((user) => user !== undefined)),
    userByExternal: (namespace, external) => read(() => accounts.byExternal(namespace, external)),
    account: (namespace, username) => read(() => accounts.account(namespace, username)),
    searchUsers: (namespace, prefix, limit) => read(() => accounts.search(namespace, prefix, limit)),
    head: (conversation) =>
      read(() => {
        const sequence = sequences.get(conversation);
        return sequence === undefined ? undefined : sequences.head(sequence);
      }),
    privateHead: (namespace, one, other) =>
      read(() => {
        const sequence = sequences.get(conversations.pair(namespaces.number(namespace), one, other));
        return sequence === undefined ? undefined : sequences.head(sequence);
      }),
    membership: (conversation, user) => read(() => reading.membership(conversation, user)),
    members: (conversation, after, limit) => read(() => reading.members(conversation, after, limit)),
    memberCount: (conversation) => read(() => reading.memberCount(conversation)),
    conversationsOf: (namespace, user, kinds) => read(() => reading.conversationsOf(namespace, user, kinds)),
    acquaintancesAmong: (namespace, user, among, kinds) => read(() => reading.acquaintancesAmong(namespace, user, among, kinds)),
    summaries: (namespace, user, before, limit) => read(() => reading.summaries(namespace, user, before, limit)),
    summary: (conversation, user) => read(() => reading.summary(conversation, user)),
    rosters: (wanted, limit) => read(() => reading.rosters(wanted, limit)),
    unread: (conversation, users) => read(() => reading.unread(conversation, users)),
    rooms: (namespace, after, limit) => read(() => reading.rooms(namespace, after, limit)),
    blocks: (namespace, user) => read(() => readBlocks.all(namespaces.number(namespace), user).map(({ blocked }) => blocked)),
    message: (id) =>
      read(() => {
        const row = rows.get(id);
        return row === undefined || sequences.get(row.conversation) === undefined ? undefined : toMessage(row, now());
      }),
    history: (input) => read(() => reading.history(input)),
    revisions: (message, after, limit) =>
      read(() => {
        const row = rows.get(message);
        if (row === undefined || sequences.get(row.conversation) === undefined || toMessage(row, now()).state !== 'sent')
          return [];
        return readRevisions
          .all(message, after, limit)
          .map((revision) => ({ message, replacedAt: revision.replaced_at, content: toContent(revision) }));
      }),
    resume: (input) => read(() => reading.resume(input)),
    async search(input) {
      const page = await search.find(input);
      return read(() => page);
    },
    scene: (conversation) => read(() => sceneOf(chats.get(conversation))),
    sceneByUuid: (namespace, uuid) => read(() => sceneOf(chats.byUuid(namespaces.number(namespace), uuid))),
    chats: (asked) => read(() => deskReading.chats(asked)),
    chatCount: (filter) => read(() => deskReading.count(filter)),
    operatorCounts: (namespace, operators) =>
      read(() => operators.map((operator) => chats.countsOf(namespaces.number(namespace), operator))),
    unreadChats: (namespace) => read(() => chats.unread(namespaces.number(namespace))),
    queue: (namespace, source, department, limit) => read(() => deskReading.queue(namespace, source, department, limit)),
    asides: (conversation) => read(() => asides.of(conversation)),
    externalMessage: (namespace, external) =>
      read(() => {
        const row = rows.get(readExternal.get(namespaces.number(namespace), external)?.message ?? 0);
        return row === undefined || sequences.get(row.conversation) === undefined ? undefined : toMessage(row, now());
      }),
    deskSettings: (namespace) => read(() => settings.all(namespace)),
    file: (id) => read(() => files.file(id)),
    fileUses: (id, limit) => read(() => files.uses(id, limit)),
    filesOf: (namespace, owner, after, limit) => read(() => files.owned(namespace, owner, after, limit)),
    authored: (namespace, user, after, limit) => read(() => people.authored(namespace, user, after, limit)),
    overdue: (input) => read(() => retention.overdue(input)),
    erasure: (namespace, user) => read(() => people.erasure(namespace, user)),
    erasures: () => read(() => people.unfinished()),
    identifiedAs: (namespace, visitor) => read(() => visitors.personOf(namespaces.number(namespace), visitor)),
    identifications: () => read(() => visitors.unfinished()),
    unusedFiles: (namespace, owner) => read(() => files.unused(namespace, owner)),
    unusedBlobs: (limit) => read(() => files.unusedBlobs(limit)),
    hasDueExpiry: (time) => read(() => readDue.get(time) !== undefined),
    events: (after, limit) => read(() => feed.read(after, limit)),
    feed: (after, limit) => read(() => feed.entries(after, limit)),
    trace: (message, limit) => read(() => traces.of(message, limit)),
    feedFloor: () => read(() => feed.floor()),
    feedDepth: (after, limit) => read(() => feed.depth(after, limit)),
    openSessions: () => read(() => relay.openSessions()),
    sinkPositions: () => read(() => relay.positions()),
    deadLetters: (sink, after, limit) => read(() => relay.dead(sink, after, limit)),
    revocations: (time) => read(() => accounts.revocations(time)),
    restrictions: (time) => read(() => moderation.restrictions(time)),
    audit: (namespace, before, limit) => read(() => moderation.notes(namespace, before, limit)),
    apiTokens: () => read(() => accounts.apiTokens()),
    stats: () =>
      read(() => ({
        outboxDepth: feed.depth(relay.slowest() ?? feed.newest(), MAX_COUNTED_DEPTH),
        unindexed: search.waiting(MAX_COUNTED_DEPTH),
        bytes: db.bytes(),
      })),
    async close() {
      clearInterval(timer);
      await indexer.close();
      // The pass under way, and what came meanwhile.
      for (let pass = 0; pass < 2; pass += 1) await tidy().catch(() => undefined);
      closed = true;
      await committing;
      await db.close();
    },
  };
}
