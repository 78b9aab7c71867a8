/** Files, where they are used, and bytes that nobody uses any more. Every function that writes runs inside the batch's transaction. */
import { firstIdAt, timeOfId } from '../../core/index.ts';
import type { DropFiles, ExpectBlobs, FileUse, ForgetBlobs, IdSource, Outcome, SaveFile, StoredFile } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import { query, statement } from './statements.ts';

/** What a file is used for, as `file_use` names it: `scope` is the conversation of a message, the namespace of a user, else 0. */
export interface Subject {
  readonly kind: FileUse['kind'];
  readonly subject: number;
  readonly scope: number;
}

export interface Files {
  expectBlobs(operation: ExpectBlobs): Outcome;
  save(operation: SaveFile): Outcome;
  drop(operation: DropFiles): Outcome;
  forgetBlobs(operation: ForgetBlobs): Outcome;
  /**
   * From now on the subject uses these files and no others. A file of another namespace, or one that is gone, is not used. A file goes with its
   * last use: no link opens it any more.
   */
  use(namespace: number, subject: Subject, ...files: readonly number[]): void;
  /** Lets some files of an owner go: unused ones are forgotten, those that others use belong to nobody from now on. Returns whether there are more. */
  letGo(namespace: number, owner: number, limit: number): boolean;
  file(id: number): StoredFile | undefined;
  owned(namespace: string, owner: number, after: number, limit: number): readonly StoredFile[];
  uses(id: number, limit: number): readonly FileUse[];
  unused(namespace: string, owner: number): { readonly count: number; readonly bytes: number };
  unusedBlobs(limit: number): readonly string[];
}

interface FileRow {
  readonly id: number;
  readonly namespace: number;
  readonly owner: number;
  readonly name: string;
  readonly media_type: string;
  readonly size: number;
  readonly hash: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly preview: string | null;
}

export function createFiles(deps: { db: Database; ids: IdSource; namespaces: Namespaces }): Files {
  const { db, ids, namespaces } = deps;
  const insert = statement(
    db,
    `INSERT INTO file (id, namespace, owner, name, media_type, size, hash, width, height, preview) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const byId = query<FileRow & { readonly uses: number }>(db, 'SELECT * FROM file WHERE id = ?');
  const readUnused = query<FileRow>(db, 'SELECT * FROM file WHERE uses = 0 AND id < ? ORDER BY id LIMIT ?');
  const readOwned = query<FileRow & { uses: number }>(
    db,
    'SELECT * FROM file WHERE namespace = ? AND owner = ? AND id > ? ORDER BY id LIMIT ?',
  );
  const disown = statement(db, "UPDATE file SET owner = 0, name = '' WHERE id = ?");
  const remove = statement(db, 'DELETE FROM file WHERE id = ?');
  const findHash = query<{ id: number }>(
    db,
    'SELECT id FROM file WHERE hash = ?1 UNION ALL SELECT id FROM file WHERE preview = ?1 LIMIT 1',
  );
  const addUnused = statement(db, 'INSERT OR IGNORE INTO unused_blob (hash) VALUES (?)');
  const removeUnused = statement(db, 'DELETE FROM unused_blob WHERE hash = ?');
  const readUnusedBlobs = query<{ hash: string }>(db, 'SELECT hash FROM unused_blob ORDER BY hash LIMIT ?');
  const sumUnused = query<{ count: number; bytes: number }>(
    db,
    'SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM file WHERE namespace = ? AND owner = ? AND uses = 0',
  );
  const readUse = query<{ file: number }>(db, 'SELECT file FROM file_use WHERE kind = ? AND subject = ? AND scope = ?');
  const insertUse = statement(db, 'INSERT OR IGNORE INTO file_use (file, kind, subject, scope) VALUES (?, ?, ?, ?)');
  const removeUse = statement(db, 'DELETE FROM file_use WHERE file = ? AND kind = ? AND subject = ? AND scope = ?');
  const count = statement(db, 'UPDATE file SET uses = uses + ? WHERE id = ?');
  const readUses = query<{ kind: FileUse['kind']; subject: number; scope: number }>(
    db,
    'SELECT kind, subject, scope FROM file_use WHERE file = ? ORDER BY subject DESC LIMIT ?',
  );

  function toFile(row: FileRow): StoredFile {
    const { id, owner, name, size, hash } = row;
    return {
      id,
      namespace: namespaces.name(row.namespace),
      owner,
      name,
      mediaType: row.media_type,
      size,
      hash,
      ...(row.width !== null && { width: row.width }),
      ...(row.height !== null && { height: row.height }),
      ...(row.preview !== null && { preview: row.preview }),
      createdAt: timeOfId(id),
    };
  }

  /** Bytes that no file has any more are remembered until somebody has removed them. */
  function release(hash: string | null): void {
    if (hash !== null && findHash.get(hash) === undefined) addUnused.run(hash);
  }

  function removeFile({ id, hash, preview }: Pick<FileRow, 'id' | 'hash' | 'preview'>): void {
    remove.run(id);
    release(hash);
    release(preview);
  }

  function endUse(file: number, { kind, subject, scope }: Subject): void {
    if (removeUse.run(file, kind, subject, scope) === 0) return;
    count.run(-1, file);
    const row = byId.get(file);
    if (row?.uses === 0) removeFile(row);
  }

  return {
    expectBlobs({ hashes }) {
      for (const hash of hashes) release(hash);
      return { type: 'expect-blobs' };
    },
    save(operation) {
      const namespace = namespaces.ensure(operation.namespace);
      const { owner, name, mediaType, size, hash, width, height, preview } = operation;
      const id = ids.next();
      insert.run(id, namespace, owner, name, mediaType, size, hash, width ?? null, height ?? null, preview ?? null);
      // Equal bytes may have been waiting for removal: they are wanted again.
      for (const wanted of [hash, preview]) if (wanted !== undefined) removeUnused.run(wanted);
      const { type: _, ...file } = operation;
      return { type: 'file', file: { ...file, id, createdAt: timeOfId(id) } };
    },
    drop({ before, limit }) {
      const rows = readUnused.all(firstIdAt(before), limit);
      for (const row of rows) removeFile(row);
      return { type: 'drop-files', files: rows.map(toFile), more: rows.length === limit };
    },
    forgetBlobs({ hashes }) {
      for (const hash of hashes) if (findHash.get(hash) === undefined) removeUnused.run(hash);
      return { type: 'forget-blobs' };
    },
    use(namespace, user, ...used) {
      const { kind, subject, scope } = user;
      const before = readUse.all(kind, subject, scope).map(({ file }) => file);
      for (const file of used) {
        if (before.includes(file) || byId.get(file)?.namespace !== namespace) continue;
        if (insertUse.run(file, kind, subject, scope) > 0) count.run(1, file);
      }
      for (const file of before) if (!used.includes(file)) endUse(file, user);
    },
    letGo(namespace, owner, limit) {
      const rows = readOwned.all(namespace, owner, 0, limit);
      for (const row of rows) {
        if (row.uses === 0) removeFile(row);
        else disown.run(row.id);
      }
      return rows.length === limit;
    },
    owned: (namespace, owner, after, limit) => readOwned.all(namespaces.number(namespace), owner, after, limit).map(toFile),
    file(id) {
      const row = byId.get(id);
      return row === undefined ? undefined : toFile(row);
    },
    uses: (id, limit) =>
      readUses.all(id, limit).map(({ kind, subject, scope }): FileUse => {
        if (kind === 'message') return { kind, message: subject, conversation: scope };
        return kind === 'conversation' ? { kind, conversation: subject } : { kind, user: subject };
      }),
    unused: (namespace, owner) => sumUnused.get(namespaces.number(namespace), owner) ?? { count: 0, bytes: 0 },
    unusedBlobs: (limit) => readUnusedBlobs.all(limit).map(({ hash }) => hash),
  };
}
