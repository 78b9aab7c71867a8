/** Where a message has been: read from what is kept anyway. */
import { timeOfId } from '../../core/index.ts';
import type { MessageTrace } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { EventRow, Feed } from './feed.ts';
import type { MessageRows } from './message-rows.ts';
import { toMessage } from './rows.ts';
import { query } from './statements.ts';

export interface Traces {
  of(message: number, limit: number): MessageTrace | undefined;
}

interface SessionRow {
  readonly session: number;
  readonly user: number;
  readonly door: string;
  readonly ended: number;
}

export function createTraces(deps: { db: Database; feed: Feed; rows: MessageRows; now: () => number }): Traces {
  const { db, feed, rows, now } = deps;
  const readOrigin = query<{ door: string; session: number; trace: string | null }>(
    db,
    'SELECT door, session, trace FROM message WHERE id = ?',
  );
  // A session's id is from before it was told of anything: those that began before the message and ended after it.
  const readSessions = query<SessionRow>(
    db,
    `SELECT o.id AS session, o.user, o.door, 0 AS ended FROM membership m JOIN open_session o ON o.user = m.user AND o.namespace = m.namespace
       WHERE m.conversation = ?1 AND o.id < ?2
     UNION ALL
     SELECT e.session, e.user, e.door, e.id FROM membership m JOIN event e ON e.user = m.user AND e.namespace = m.namespace
       WHERE m.conversation = ?1 AND e.type = 'user.disconnected' AND e.id > ?2 AND e.session < ?2
     ORDER BY session LIMIT ?3`,
  );
  const readChanges = query<EventRow>(
    db,
    `SELECT * FROM event WHERE conversation = ? AND id > ? AND message = ?
       AND type IN ('message.edited', 'message.recalled', 'message.read') ORDER BY id LIMIT ?`,
  );
  return {
    of(id, limit) {
      const row = rows.get(id);
      const origin = readOrigin.get(id);
      if (row === undefined || origin === undefined) return undefined;
      const { door, session, trace } = origin;
      return {
        message: toMessage(row, now()),
        origin: { door, session, ...(trace !== null && { trace }) },
        sessions: readSessions
          .all(row.conversation, id, limit)
          .map(({ ended, ...one }) => ({ ...one, ...(ended > 0 && { endedAt: timeOfId(ended) }) })),
        changes: readChanges.all(row.conversation, id, id, limit).map(feed.toEvent),
      };
    },
  };
}
