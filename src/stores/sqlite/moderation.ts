/** Restrictions of users, and the notes of who did what. */
import { timeOfId } from '../../core/index.ts';
import type {
  AuditAction,
  AuditEntry,
  AuditNote,
  Doer,
  IdSource,
  Operation,
  Outcome,
  Outcomes,
  Restriction,
  RestrictionKind,
} from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import { query, statement } from './statements.ts';

type Given<T extends Operation['type']> = Extract<Operation, { type: T }>;

export interface Moderation {
  restrict(operation: Given<'restrict'>): Outcomes['restrict'];
  lift(operation: Given<'lift'>): Outcomes['lift'];
  /** Leaves an operation's note, if it has one and took effect; in the transaction of the operation. */
  record(operation: Operation, outcome: Outcome): void;
  trim(operation: Given<'trim-audit'>): Outcomes['trim-audit'];
  /** What was said to and of somebody who is erased goes; that something was done stays. */
  forget(namespace: number, user: number): void;
  /** Restrictions that last at a moment. */
  restrictions(now: number): readonly Restriction[];
  /** Notes with an id below `before` (0: the newest), newest first. */
  notes(namespace: string, before: number, limit: number): readonly AuditEntry[];
  /** The id of the newest note; 0 without one. */
  newest(): number;
}

interface RestrictionRow {
  readonly namespace: number;
  readonly user: number;
  readonly kind: RestrictionKind;
  readonly until: number | null;
  readonly reason: string;
  readonly by_token: string | null;
  readonly by_user: number;
  readonly at: number;
}

interface NoteRow {
  readonly id: number;
  readonly by_token: string | null;
  readonly by_user: number;
  readonly action: AuditAction;
  readonly user: number;
  readonly subject: string;
  readonly reason: string;
}

/** Above every id. */
const AFTER_ALL = Number.MAX_SAFE_INTEGER;

export function createModeration(deps: { db: Database; ids: IdSource; namespaces: Namespaces; now: () => number }): Moderation {
  const { db, ids, namespaces, now } = deps;
  const insert = statement(
    db,
    'INSERT OR REPLACE INTO restriction (namespace, user, kind, until, reason, by_token, by_user, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const remove = statement(
    db,
    'DELETE FROM restriction WHERE namespace = ? AND user = ? AND kind = ? AND (until IS NULL OR until > ?)',
  );
  const prune = statement(db, 'DELETE FROM restriction WHERE until <= ?');
  const removeAll = statement(db, 'DELETE FROM restriction WHERE namespace = ? AND user = ?');
  const readAll = query<RestrictionRow>(
    db,
    'SELECT * FROM restriction WHERE until IS NULL OR until > ? ORDER BY namespace, user, kind DESC',
  );
  const insertNote = statement(
    db,
    'INSERT INTO audit (id, namespace, at, by_token, by_user, action, user, subject, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const readNotes = query<NoteRow>(db, 'SELECT * FROM audit WHERE namespace = ? AND id < ? ORDER BY id DESC LIMIT ?');
  const readNewest = query<{ id: number | null }>(db, 'SELECT max(id) AS id FROM audit');
  const blank = statement(db, "UPDATE audit SET reason = '' WHERE namespace = ? AND user = ? AND reason <> ''");
  const trimNotes = statement(db, 'DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?)');

  function add({ namespace, by, action, user, subject, reason }: AuditNote): void {
    const id = ids.next();
    insertNote.run(id, namespaces.ensure(namespace), timeOfId(id), by.apiToken ?? null, by.user, action, user, subject, reason);
  }

  return {
    restrict({ restriction }) {
      const { namespace, user, kind, until, reason, by, at } = restriction;
      prune.run(now());
      insert.run(namespaces.ensure(namespace), user, kind, until ?? null, reason, by.apiToken ?? null, by.user, at);
      return { type: 'restrict', restriction };
    },
    lift({ namespace, user, kind }) {
      const lifted = remove.run(namespaces.number(namespace), user, kind, now()) > 0;
      return { type: 'lift', namespace, user, kind, lifted };
    },
    record(operation, outcome) {
      if ('audit' in operation && operation.audit !== undefined && tookEffect(outcome)) add(operation.audit);
    },
    trim: ({ before, limit }) => ({ type: 'trim-audit', more: trimNotes.run(before, limit) === limit }),
    forget(namespace, user) {
      removeAll.run(namespace, user);
      blank.run(namespace, user);
    },
    restrictions: (time) =>
      readAll.all(time).map(({ namespace, user, kind, until, reason, at, ...by }) => ({
        namespace: namespaces.name(namespace),
        user,
        kind,
        ...(until !== null && { until }),
        reason,
        by: toDoer(by),
        at,
      })),
    notes: (namespace, before, limit) =>
      readNotes
        .all(namespaces.number(namespace), before === 0 ? AFTER_ALL : before, limit)
        .map(({ id, action, user, subject, reason, ...by }) => ({
          id,
          at: timeOfId(id),
          namespace,
          by: toDoer(by),
          action,
          user,
          subject,
          reason,
        })),
    newest: () => readNewest.get()?.id ?? 0,
  };
}

function toDoer({ by_token, by_user }: Pick<NoteRow, 'by_token' | 'by_user'>): Doer {
  return { ...(by_token !== null && { apiToken: by_token }), user: by_user };
}

function tookEffect(outcome: Outcome): boolean {
  switch (outcome.type) {
    case 'refused':
      return false;
    case 'lift':
      return outcome.lifted;
    case 'api-token-delete':
      return outcome.deleted;
    default:
      return true;
  }
}
