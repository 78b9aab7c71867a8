/** What a data folder's files must be after any kill: bytes behind every file, and no bytes that would stay for ever. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

interface FileRow {
  readonly id: number;
  readonly hash: string;
  readonly preview: string | null;
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Every file has its bytes, and bytes are those of a file or are known to be removed. */
export function checkBytes(db: DatabaseSync, folder: string): string[] {
  const faults: string[] = [];
  const paths = new Map(blobPaths(folder).map((path) => [basename(path), path]));
  for (const { id, hash } of readFiles(db)) {
    const path = paths.get(hash);
    if (path === undefined) faults.push(`file ${id} has lost its bytes ${hash}`);
  }
  for (const [hash, path] of paths) if (hashOf(readFileSync(path)) !== hash) faults.push(`the bytes ${hash} are others`);
  const unused = db.prepare('SELECT hash FROM unused_blob').all() as unknown as { hash: string }[];
  const known = new Set([...readFiles(db), ...unused].map(({ hash }) => hash));
  const lost = [...paths.keys()].filter((hash) => !known.has(hash));
  return [...faults, ...lost.map((hash) => `nobody knows of the bytes ${hash}, which stay for ever`)];
}

/** What a server that has nothing else to do removes: files without a use, bytes without a file, uploads that broke off. */
export function leftOvers(folder: string): string[] {
  const db = new DatabaseSync(join(folder, 'switchboard.db'), { readOnly: true });
  try {
    const idle = db.prepare('SELECT count(*) AS count FROM file WHERE uses = 0').get()?.['count'];
    const wanted = new Set(readFiles(db).map(({ hash }) => hash));
    const bytes = blobPaths(folder).map((path) => basename(path));
    const incoming = readdirSync(join(folder, 'files', 'incoming'));
    return [
      ...(idle === 0 ? [] : [`${idle} files are used nowhere and stay`]),
      ...bytes.filter((hash) => !wanted.has(hash)).map((hash) => `the bytes ${hash} stay without a file`),
      ...incoming.map((name) => `the upload ${name} stays`),
    ];
  } finally {
    db.close();
  }
}

/** Each file and each preview, by its bytes. */
function readFiles(db: DatabaseSync): { readonly id: number; readonly hash: string }[] {
  const rows = db.prepare('SELECT id, hash, preview FROM file').all() as unknown as FileRow[];
  return rows.flatMap(({ id, hash, preview }) =>
    [hash, ...(preview === null ? [] : [preview])].map((one) => ({ id, hash: one })),
  );
}

function blobPaths(folder: string): string[] {
  const entries = readdirSync(join(folder, 'files'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && basename(entry.parentPath) !== 'incoming')
    .map((entry) => join(entry.parentPath, entry.name));
}
