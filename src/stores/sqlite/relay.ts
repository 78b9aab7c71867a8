/** What is kept for those who read the feed: how far each sink has come, what it has refused, and which connections were told to have begun. */
import type { DeadLetter, MoveSink, OpenSession, Operation, Outcomes, RecordFact, SinkPosition } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Feed } from './feed.ts';
import type { Namespaces } from './namespaces.ts';
import { query, statement } from './statements.ts';

export interface Relay {
  record(fact: RecordFact): Outcomes['fact'];
  move(move: MoveSink): Outcomes['sink'];
  drop(operation: Extract<Operation, { type: 'drop-dead' }>): Outcomes['drop-dead'];
  positions(): readonly SinkPosition[];
  /** Where the sink furthest behind is; undefined without one. */
  slowest(): number | undefined;
  dead(sink: string | undefined, after: number, limit: number): readonly DeadLetter[];
  openSessions(): readonly OpenSession[];
}

export function createRelay(deps: { db: Database; feed: Feed; namespaces: Namespaces }): Relay {
  const { db, feed, namespaces } = deps;
  const readPosition = query<{ position: number }>(db, 'SELECT position FROM sink WHERE name = ?');
  const readPositions = query<SinkPosition>(db, 'SELECT name AS sink, position FROM sink ORDER BY name');
  const writePosition = statement(db, 'INSERT OR REPLACE INTO sink (name, position) VALUES (?, ?)');
  const readSlowest = query<{ position: number | null }>(db, 'SELECT min(position) AS position FROM sink');
  const bury = statement(db, 'INSERT OR REPLACE INTO dead_letter (sink, event, attempts, error, at) VALUES (?, ?, ?, ?, ?)');
  const unbury = statement(db, 'DELETE FROM dead_letter WHERE sink = ? AND event = ?');
  const readDead = query<DeadLetter>(
    db,
    `SELECT sink, event, attempts, error, at FROM dead_letter
     WHERE (?1 IS NULL OR sink = ?1) AND event > ?2 ORDER BY event, sink LIMIT ?3`,
  );
  const begin = statement(db, 'INSERT OR IGNORE INTO open_session (id, namespace, user, door) VALUES (?, ?, ?, ?)');
  const end = statement(db, 'DELETE FROM open_session WHERE id = ?');
  const readOpen = query<{ id: number; namespace: number; user: number; door: string }>(
    db,
    'SELECT id, namespace, user, door FROM open_session ORDER BY id',
  );

  return {
    record({ event, namespace: name, user, origin, session }) {
      const namespace = namespaces.ensure(name);
      if (event === 'user.connected' && begin.run(origin.session, namespace, user, origin.door) === 0)
        return { type: 'fact', id: 0 };
      if (event === 'user.disconnected' && end.run(origin.session) === 0) return { type: 'fact', id: 0 };
      const told = { type: event, namespace, user, origin, conversation: 0, message: 0, index: 0 };
      return { type: 'fact', id: feed.add({ ...told, ...(session !== undefined && { session }) }) };
    },
    move({ sink, position, dead }) {
      for (const { event, attempts, error, at } of dead) bury.run(sink, event, attempts, error, at);
      const known = readPosition.get(sink)?.position;
      const reached = position === 'newest' ? (known ?? feed.newest()) : Math.max(position, known ?? 0);
      writePosition.run(sink, reached);
      return { type: 'sink', position: reached };
    },
    drop({ sink, events }) {
      let dropped = 0;
      for (const event of events) dropped += unbury.run(sink, event);
      return { type: 'drop-dead', dropped };
    },
    positions: () => readPositions.all(),
    slowest: () => readSlowest.get()?.position ?? undefined,
    dead: (sink, after, limit) => readDead.all(sink ?? null, after, limit),
    openSessions: () =>
      readOpen.all().map(({ id, namespace, user, door }) => ({ session: id, namespace: namespaces.name(namespace), user, door })),
  };
}
