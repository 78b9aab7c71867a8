/**
 * Full-text search. Which messages of a conversation have a term is kept in `word`, in parts of 4,096 messages: a search goes from the newest
 * part to the oldest, touches nothing but the postings of its own terms in the searcher's own conversations, and stops when the page is
 * full (docs/adr/0024-search.md).
 *
 * The index is written behind the log (`indexSome`), up to `progress`; what lies after it is read from the log itself, so a search sees
 * every message there is. Whatever takes content away takes its words away in the same transaction.
 */
import { TERMS_VERSION, indexTerms, matchesQuery, searchedText } from '../../core/index.ts';
import type { Message, SearchPage, SearchQuery, SearchTerm } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { MessageRows } from './message-rows.ts';
import type { Namespaces } from './namespaces.ts';
import { SENT, toContent, toMessage } from './rows.ts';
import type { ContentColumns, MessageRow } from './rows.ts';
import type { Sequence, Sequences } from './sequences.ts';
import { query, statement } from './statements.ts';

/** Messages in a part: as many postings of one term are read at once at the most. */
const PART = 4_096;

/** Messages and postings looked at in one turn of the event loop: a few milliseconds. */
const LOOKS_PER_TURN = 2_000;

/** Ids of messages that are not indexed yet, read at a time. */
const TAIL_STEP = 256;

/** Above every text that begins with what stands before it. */
const HIGHEST = '\u{10FFFF}';

export interface Search {
  /** Indexes some messages more, inside a transaction: `messages` and, but for the last one, `terms` at most. Returns whether more are waiting. */
  indexSome(limits: { readonly messages: number; readonly terms: number }): boolean;
  /** Whether anything waits to be indexed. */
  isBehind(): boolean;
  /** Messages waiting to be indexed, counted up to a limit. */
  waiting(limit: number): number;
  /** Takes the words of a message away; inside the transaction that takes its content. */
  remove(row: MessageRow): void;
  /** Other words from now on; inside the transaction that changes the content. */
  replace(row: MessageRow, columns: ContentColumns): void;
  find(search: SearchQuery): Promise<SearchPage>;
  /** Where the index is on disk: at the start, and after a transaction that was undone. */
  restore(): void;
  /** The index was made of other terms than those of this version. */
  isOutdated(): boolean;
  /** Begins the index anew, inside a transaction. */
  renew(): void;
}

/** Counts what was looked at; resolves at once, or after a turn of the event loop when it was enough for one. */
interface Pace {
  look(count: number): void;
  rest(): Promise<void> | undefined;
}

export function createSearch(deps: {
  db: Database;
  namespaces: Namespaces;
  sequences: Sequences;
  rows: MessageRows;
  now: () => number;
}): Search {
  const { db, namespaces, sequences, rows, now } = deps;
  const readProgress = query<{ value: number }>(db, 'SELECT value FROM progress WHERE name = ?');
  const writeProgress = statement(db, 'INSERT OR REPLACE INTO progress (name, value) VALUES (?, ?)');
  const readLog = query<MessageRow>(
    db,
    'SELECT id, conversation, idx, sender, kind, state, text, data, key, expires_at, edited_at FROM message WHERE id > ? ORDER BY id LIMIT ?',
  );
  const readNext = query<{ id: number }>(db, 'SELECT id FROM message WHERE id > ? LIMIT 1');
  const countAfter = query<{ count: number }>(db, 'SELECT count(*) AS count FROM (SELECT 1 FROM message WHERE id > ? LIMIT ?)');
  const insert = statement(db, 'INSERT OR IGNORE INTO word (conversation, part, term, idx) VALUES (?, ?, ?, ?)');
  const remove = statement(db, 'DELETE FROM word WHERE conversation = ? AND part = ? AND term = ? AND idx = ?');
  const removeAll = statement(db, 'DELETE FROM word');
  const readExact = query<{ idx: number }>(db, 'SELECT idx FROM word WHERE conversation = ? AND part = ? AND term = ?');
  const readPrefix = query<{ idx: number }>(
    db,
    'SELECT idx FROM word WHERE conversation = ? AND part = ? AND term >= ? AND term < ?',
  );
  const readHeads = query<{ id: number; last_id: number }>(
    db,
    `SELECT c.id, c.last_id FROM membership m JOIN conversation c ON c.id = m.conversation
     WHERE m.namespace = ? AND m.user = ? AND c.kind <> 'room'`,
  );
  const readMember = query<{ user: number }>(db, 'SELECT user FROM membership WHERE conversation = ? AND user = ?');
  /** Every message up to this id is indexed. */
  let progress = 0;

  function index(row: MessageRow, terms: ReadonlySet<string>): void {
    for (const term of terms) insert.run(row.conversation, partOf(row.idx), term, row.idx);
  }

  function removeWords(row: MessageRow): void {
    db.erased();
    if (row.id > progress || row.state !== SENT) return;
    for (const term of termsOf(row)) remove.run(row.conversation, partOf(row.idx), term, row.idx);
  }

  /** Indexes of the messages of a part that have all terms, newest first. */
  function placesIn(conversation: number, part: number, terms: readonly SearchTerm[], pace: Pace): number[] {
    let places: Set<number> | undefined;
    // The longest is the rarest, more often than not.
    for (const { term, prefix } of terms.toSorted((one, other) => other.term.length - one.term.length)) {
      const postings = prefix
        ? readPrefix.all(conversation, part, term, term + HIGHEST)
        : readExact.all(conversation, part, term);
      pace.look(postings.length + 8);
      const having = new Set(postings.map(({ idx }) => idx));
      places = places === undefined ? having : places.intersection(having);
      if (places.size === 0) break;
    }
    return [...(places ?? [])].toSorted((one, other) => other - one);
  }

  /** A message that is found, as it is now. */
  function found(id: number, terms: readonly SearchTerm[]): Message | undefined {
    const row = rows.get(id);
    if (row?.state !== SENT || !matchesQuery(termsOf(row), terms)) return undefined;
    const message = toMessage(row, now());
    return message.state === 'sent' ? message : undefined;
  }

  /** Messages of a conversation that are found, newest first, from an index down. */
  async function* matches(sequence: Sequence, from: number, terms: readonly SearchTerm[], pace: Pace): AsyncGenerator<Message> {
    const { id: conversation } = sequence.conversation;
    const indexed = Math.min(from, sequences.indexUpTo(sequence, progress));
    for (let to = from; to > indexed; to -= TAIL_STEP) {
      const ids = sequences.idsBetween(sequence, Math.max(indexed + 1, to - TAIL_STEP + 1), to);
      for (const id of ids.toReversed()) {
        pace.look(4);
        const message = found(id, terms);
        if (message !== undefined) yield message;
      }
      await pace.rest();
    }
    for (let part = partOf(indexed); indexed > 0 && part >= partOf(Math.max(1, sequence.firstIndex)); part -= 1) {
      for (const place of placesIn(conversation, part, terms, pace)) {
        if (place > indexed) continue;
        pace.look(4);
        const message = found(sequences.idAt(sequence, place), terms);
        if (message !== undefined) yield message;
        await pace.rest();
      }
      await pace.rest();
    }
  }

  /** The searcher's conversations, those with the newest message first. */
  function headsOf({ namespace, user, conversation }: SearchQuery): { id: number; newest: number }[] {
    return readHeads
      .all(namespaces.number(namespace), user)
      .filter(({ id }) => conversation === undefined || id === conversation)
      .map(({ id, last_id }) => ({ id, newest: sequences.peek(id)?.lastId ?? last_id }))
      .toSorted((one, other) => other.newest - one.newest);
  }

  return {
    indexSome({ messages, terms: most }) {
      const waiting = readLog.all(progress, messages);
      let written = 0;
      let last = 0;
      for (const row of waiting) {
        if (written >= most) break;
        last = row.id;
        const kind = row.state === SENT ? sequences.get(row.conversation)?.conversation.kind : undefined;
        // Rooms are not searched; a deleted conversation has nothing to be found.
        if (kind === undefined || kind === 'room') continue;
        const terms = termsOf(row);
        index(row, terms);
        written += terms.size;
      }
      if (last === 0) return false;
      progress = last;
      writeProgress.run('search', progress);
      return readNext.get(progress) !== undefined;
    },
    isBehind: () => readNext.get(progress) !== undefined,
    waiting: (limit) => countAfter.get(progress, limit)?.count ?? 0,
    remove: removeWords,
    replace(row, columns) {
      if (row.id > progress || sequences.get(row.conversation)?.conversation.kind === 'room') return;
      removeWords(row);
      index(row, indexTerms(searchedText(toContent(columns))));
    },
    async find(search) {
      const { terms, before, limit, user } = search;
      const pace = createPace();
      const page: Message[] = [];
      for (const { id, newest } of headsOf(search)) {
        const oldest = page[limit];
        // All that follow are older still.
        if (oldest !== undefined && newest < oldest.id) break;
        const sequence = sequences.get(id);
        if (sequence === undefined) continue;
        const from = before === undefined ? sequence.lastIndex : sequences.indexUpTo(sequence, before - 1);
        for await (const message of matches(sequence, from, terms, pace)) {
          if (message.id < (page[limit]?.id ?? 0)) break;
          page.splice(placeFor(page, message.id), 0, message);
          if (page.length > limit + 1) page.pop();
        }
        pace.look(16);
        await pace.rest();
      }
      // It may have taken a while: what is answered holds now.
      const current = page.slice(0, limit).flatMap(({ id, conversation }) => {
        const message = readMember.get(conversation, user) === undefined ? undefined : found(id, terms);
        return message ?? [];
      });
      return { messages: current, more: page.length > limit };
    },
    restore() {
      progress = readProgress.get('search')?.value ?? 0;
    },
    isOutdated: () => readProgress.get('search terms')?.value !== TERMS_VERSION,
    renew() {
      removeAll.run();
      writeProgress.run('search', 0);
      writeProgress.run('search terms', TERMS_VERSION);
    },
  };
}

function partOf(index: number): number {
  return Math.floor((index - 1) / PART);
}

function termsOf(columns: ContentColumns): ReadonlySet<string> {
  return indexTerms(searchedText(toContent(columns)));
}

/** Where an id goes in a list that descends. */
function placeFor(page: readonly Message[], id: number): number {
  const at = page.findIndex((message) => message.id < id);
  return at < 0 ? page.length : at;
}

function createPace(): Pace {
  let looks = 0;
  return {
    look(count) {
      looks += count;
    },
    rest() {
      if (looks < LOOKS_PER_TURN) return undefined;
      looks = 0;
      return new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}
