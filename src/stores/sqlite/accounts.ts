/** Users, revoked tokens and tokens for back ends. */
import { ChatError, fileOf, timeOfId } from '../../core/index.ts';
import type {
  ApiToken,
  DeleteApiToken,
  EraseUser,
  IdSource,
  Outcome,
  Revocation,
  RevokeTokens,
  SaveApiToken,
  SaveUser,
  User,
} from '../../core/index.ts';
import { KEY_LENGTH, fold, keysOf, rangeOf } from '../sql/words.ts';
import type { Database } from './database.ts';
import type { DeskChats } from './desk-chats.ts';
import type { Feed } from './feed.ts';
import type { Files } from './files.ts';
import type { Moderation } from './moderation.ts';
import type { Namespaces } from './namespaces.ts';
import { toUser } from './rows.ts';
import type { UserRow } from './rows.ts';
import { parseColumn, query, statement } from './statements.ts';

export interface Accounts {
  save(operation: SaveUser): Outcome;
  /** Leaves of a user only the id, and remembers that the rest is to be erased. */
  erase(operation: EraseUser): Outcome;
  revoke(operation: RevokeTokens): Outcome;
  saveApiToken(operation: SaveApiToken): Outcome;
  deleteApiToken(operation: DeleteApiToken): Outcome;
  user(namespace: string, id: number): User | undefined;
  byExternal(namespace: string, external: string): User | undefined;
  account(namespace: string, username: string): { user: User; passwordHash: string } | undefined;
  search(namespace: string, prefix: string, limit: number): readonly User[];
  revocations(now: number): readonly Revocation[];
  apiTokens(): readonly ApiToken[];
}

/** After every token and every clock. */
const FOR_EVER = Number.MAX_SAFE_INTEGER;

export function createAccounts(deps: {
  db: Database;
  ids: IdSource;
  namespaces: Namespaces;
  feed: Pick<Feed, 'add'>;
  files: Pick<Files, 'use'>;
  chats: Pick<DeskChats, 'eraseClient'>;
  moderation: Pick<Moderation, 'forget'>;
  /** Told of every user that was saved. */
  onSaved: (namespace: number, user: number, roleChanged: boolean) => void;
  now: () => number;
}): Accounts {
  const { db, ids, namespaces, feed, files, chats, moderation, onSaved, now } = deps;
  const insert = statement(
    db,
    `INSERT INTO user (namespace, id, role, name, username, external, password_hash, created_at, last_seen_at, picture, person)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = statement(
    db,
    'UPDATE user SET role = ?, name = ?, last_seen_at = ?, picture = ?, person = ? WHERE namespace = ? AND id = ?',
  );
  const byId = query<UserRow>(db, 'SELECT * FROM user WHERE namespace = ? AND id = ?');
  const byExternal = query<UserRow>(db, 'SELECT * FROM user WHERE namespace = ? AND external = ?');
  const byUsername = query<UserRow>(db, 'SELECT * FROM user WHERE namespace = ? AND username = ?');
  const makeStub = statement(
    db,
    `UPDATE user SET role = 'user', name = '', username = NULL, external = NULL, password_hash = NULL, last_seen_at = NULL, picture = NULL,
       person = NULL, erased_at = ? WHERE namespace = ? AND id = ?`,
  );
  const removeBlocks = statement(db, 'DELETE FROM block WHERE namespace = ? AND user = ?');
  const insertErasure = statement(db, 'INSERT INTO person_erasure (namespace, user, started_at) VALUES (?, ?, ?)');
  const insertKey = statement(db, INSERT_KEY);
  const removeKey = statement(db, 'DELETE FROM user_key WHERE namespace = ? AND key = ? AND user = ?');
  const readFirst = query<UserRow>(db, 'SELECT * FROM user WHERE namespace = ? AND erased_at IS NULL ORDER BY id LIMIT ?');
  const readKeys = query<{ key: string; user: number }>(db, READ_KEYS);
  const insertRevocation = statement(
    db,
    'INSERT OR REPLACE INTO revocation (namespace, user, token, before, until) VALUES (?, ?, ?, ?, ?)',
  );
  const readRevocations = query<{ namespace: number; user: number; token: string; before: number; until: number }>(
    db,
    'SELECT * FROM revocation WHERE until > ?',
  );
  const pruneRevocations = statement(db, 'DELETE FROM revocation WHERE until <= ?');
  const insertToken = statement(
    db,
    'INSERT OR REPLACE INTO api_token (name, hash, scopes, namespace, created_at) VALUES (?, ?, ?, ?, ?)',
  );
  const removeToken = statement(db, 'DELETE FROM api_token WHERE name = ?');
  const readTokens = query<{ name: string; hash: string; scopes: string; namespace: string | null; created_at: number }>(
    db,
    'SELECT * FROM api_token ORDER BY name',
  );

  function find(namespace: number, operation: SaveUser): UserRow | undefined {
    if (operation.id !== 0) return byId.get(namespace, operation.id);
    return operation.external === undefined ? undefined : byExternal.get(namespace, operation.external);
  }

  /** An id of ours that no account system has brought along already. */
  function freeId(namespace: number): number {
    for (;;) {
      const id = ids.next();
      if (byId.get(namespace, id) === undefined) return id;
    }
  }

  function create(namespace: number, operation: SaveUser): Outcome {
    const { account, external } = operation;
    if (account !== undefined && byUsername.get(namespace, account.username) !== undefined) {
      return {
        type: 'refused',
        reason: new ChatError('already_exists', 'This username is taken.', { fields: { username: 'is taken' } }),
      };
    }
    const id = operation.id === 0 ? freeId(namespace) : operation.id;
    const createdAt = operation.id === 0 ? timeOfId(id) : now();
    const name = operation.name ?? account?.username ?? '';
    const role = operation.role ?? 'user';
    insert.run(
      namespace,
      id,
      role,
      name,
      account?.username ?? null,
      external ?? null,
      account?.passwordHash ?? null,
      createdAt,
      operation.lastSeenAt ?? null,
      operation.picture === '' ? null : (operation.picture ?? null),
      personOf(undefined, operation.person),
    );
    if (operation.picture !== undefined) usePicture(namespace, id, operation.picture);
    for (const key of keysOf([name, account?.username ?? ''])) insertKey.run(namespace, key, id);
    onSaved(namespace, id, true);
    return saved(namespace, id, true);
  }

  /** Somebody is called something else from now on, and no longer found by what they were called before. */
  function rename(namespace: number, { id, name: before, username }: UserRow, name: string): void {
    const old = new Set(keysOf([before, username ?? '']));
    const keys = new Set(keysOf([name, username ?? '']));
    for (const key of old) if (!keys.has(key)) removeKey.run(namespace, key, id);
    for (const key of keys) if (!old.has(key)) insertKey.run(namespace, key, id);
  }

  /** Users by the keys that begin with what is searched for, each once. Reads keys in pages: one user has few of them. */
  function withKeys(namespace: number, search: string, limit: number): UserRow[] {
    const [from, below] = rangeOf(search);
    const whole = fold(search);
    const found = new Map<number, UserRow>();
    for (let key = from, user = 0; found.size < limit;) {
      const page = readKeys.all(namespace, below, key, user, limit);
      for (const entry of page) {
        const row = found.has(entry.user) ? undefined : byId.get(namespace, entry.user);
        if (row !== undefined && found.size < limit && isCalled(row, whole)) found.set(entry.user, row);
      }
      const last = page.at(-1);
      if (last === undefined || page.length < limit) break;
      ({ key, user } = last);
    }
    return [...found.values()];
  }

  function usePicture(namespace: number, id: number, picture: string | null): void {
    files.use(namespace, { kind: 'user', subject: id, scope: namespace }, ...filesOf(picture));
  }

  function saved(namespace: number, id: number, created: boolean): Outcome {
    const row = byId.get(namespace, id);
    if (row === undefined) return noUser();
    return { type: 'user', user: toUser(row, namespaces.name(namespace)), created };
  }

  function personOf(row: UserRow | undefined, person: SaveUser['person']): string | null {
    if (person === undefined) return row?.person ?? null;
    const known = row?.person == null ? {} : parseColumn('person', row.person);
    return JSON.stringify({ ...known, ...person });
  }

  function userOr(row: UserRow | undefined, namespace: string): User | undefined {
    return row === undefined ? undefined : toUser(row, namespace);
  }

  return {
    save(operation) {
      const namespace = namespaces.ensure(operation.namespace);
      const row = find(namespace, operation);
      if (row === undefined) return create(namespace, operation);
      // What is still under way in the name of somebody erased brings nothing back.
      if (row.erased_at !== null) return saved(namespace, row.id, false);
      const { role = row.role, name = row.name, lastSeenAt = row.last_seen_at, picture = row.picture } = operation;
      update.run(role, name, lastSeenAt, picture === '' ? null : picture, personOf(row, operation.person), namespace, row.id);
      if (picture !== row.picture) usePicture(namespace, row.id, picture);
      if (name !== row.name) rename(namespace, row, name);
      onSaved(namespace, row.id, role !== row.role);
      return saved(namespace, row.id, false);
    },
    erase({ namespace: name, user: id }) {
      const namespace = namespaces.number(name);
      const row = byId.get(namespace, id);
      if (row === undefined) return noUser();
      if (row.erased_at === null) {
        const at = now();
        for (const key of keysOf([row.name, row.username ?? ''])) removeKey.run(namespace, key, id);
        makeStub.run(at, namespace, id);
        usePicture(namespace, id, null);
        removeBlocks.run(namespace, id);
        insertRevocation.run(namespace, id, '', FOR_EVER, FOR_EVER);
        insertErasure.run(namespace, id, at);
        chats.eraseClient(namespace, id);
        moderation.forget(namespace, id);
        const origin = { door: 'server', session: 0 };
        feed.add({ type: 'user.erased', namespace, user: id, origin, conversation: 0, message: 0, index: 0 });
        onSaved(namespace, id, true);
      }
      const user = toUser(byId.get(namespace, id) ?? row, name);
      return { type: 'erase-user', user, revocation: { namespace: name, user: id, before: FOR_EVER, until: FOR_EVER } };
    },
    revoke(operation) {
      const namespace = namespaces.ensure(operation.namespace);
      const before = now();
      pruneRevocations.run(before);
      insertRevocation.run(namespace, operation.user, operation.token ?? '', before, operation.until);
      const { user, token, until } = operation;
      return {
        type: 'revoke',
        revocation: { namespace: operation.namespace, user, ...(token !== undefined && { token }), before, until },
      };
    },
    saveApiToken({ token }) {
      insertToken.run(token.name, token.hash, JSON.stringify(token.scopes), token.namespace ?? null, token.createdAt);
      return { type: 'api-token', token };
    },
    deleteApiToken: ({ name }) => ({ type: 'api-token-delete', name, deleted: removeToken.run(name) > 0 }),
    user: (namespace, id) => userOr(byId.get(namespaces.number(namespace), id), namespace),
    byExternal: (namespace, external) => userOr(byExternal.get(namespaces.number(namespace), external), namespace),
    account(namespace, username) {
      const row = byUsername.get(namespaces.number(namespace), username);
      return row?.password_hash == null ? undefined : { user: toUser(row, namespace), passwordHash: row.password_hash };
    },
    search(namespace, prefix, limit) {
      const number = namespaces.number(namespace);
      const rows = fold(prefix) === '' ? readFirst.all(number, limit) : withKeys(number, prefix, limit);
      return rows.map((row) => toUser(row, namespace));
    },
    revocations: (time) =>
      readRevocations.all(time).map(({ namespace, user, token, before, until }) => ({
        namespace: namespaces.name(namespace),
        user,
        ...(token !== '' && { token }),
        before,
        until,
      })),
    apiTokens: () =>
      readTokens.all().map(({ name, hash, scopes, namespace, created_at }) => ({
        name,
        hash,
        scopes: parseColumn('scopes', scopes),
        ...(namespace !== null && { namespace }),
        createdAt: created_at,
      })),
  };
}

/** The file of ours that a picture is, if it is one. */
function filesOf(picture: string | null): readonly number[] {
  const file = picture === null ? undefined : fileOf(picture);
  return file === undefined ? [] : [file];
}

function noUser(): Outcome {
  return { type: 'refused', reason: new ChatError('not_found', 'There is no such user.') };
}

const INSERT_KEY = 'INSERT OR IGNORE INTO user_key (namespace, key, user) VALUES (?, ?, ?)';

/** From a key and user on, up to another key. */
export const READ_KEYS = `SELECT key, user FROM user_key WHERE namespace = ? AND key < ? AND (key, user) > (?, ?) ORDER BY key, user LIMIT ?`;

/** Whether a whole search, which may be longer than a key, is how one of the words of this user goes on. */
function isCalled({ name, username }: UserRow, search: string): boolean {
  return search.length <= KEY_LENGTH || [name, username ?? ''].some((text) => fold(text).includes(search));
}

/** Gives the users of a database that knew no keys theirs. */
export function indexUsers(db: Database): void {
  const insertKey = statement(db, INSERT_KEY);
  const readUsers = query<Pick<UserRow, 'id' | 'name' | 'username'> & { namespace: number }>(
    db,
    'SELECT namespace, id, name, username FROM user WHERE (namespace, id) > (?, ?) ORDER BY namespace, id LIMIT 1000',
  );
  for (let namespace = 0, user = 0; ;) {
    const page = readUsers.all(namespace, user);
    for (const row of page) {
      for (const key of keysOf([row.name, row.username ?? ''])) insertKey.run(row.namespace, key, row.id);
    }
    const last = page.at(-1);
    if (last === undefined) return;
    ({ namespace, id: user } = last);
  }
}
