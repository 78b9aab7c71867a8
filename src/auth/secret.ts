/**
 * The server's own token secret: random, made once, kept in the data folder as `jwt-secret`, readable by its owner only. Whoever comes first,
 * the server or the command line, makes it; both then read the same.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** 256 bits, what HS256 asks for (RFC 7518, section 3.2). */
const SECRET_BYTES = 32;

/** A shorter file has been cut or was written by hand. */
const MIN_LENGTH = 32;

/** The secret cannot be read or made; the message says what to do. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

export function secretPath(folder: string): string {
  return join(folder, 'jwt-secret');
}

/** The secret of a data folder, made when there is none. Throws `SecretError`. */
export function loadSecret(folder: string): string {
  const path = secretPath(folder);
  return explained(path, () => readSecret(path) ?? makeSecret(folder, path));
}

/** The secret of a data folder; undefined when there is none. Throws `SecretError`. */
export function findSecret(folder: string): string | undefined {
  return explained(secretPath(folder), () => readSecret(secretPath(folder)));
}

function explained<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof SecretError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SecretError(
      `The token secret ${path} cannot be read or made (${reason}). Make the data folder usable by this user, or choose another with --data.`,
      { cause },
    );
  }
}

/** undefined when there is none. */
function readSecret(path: string): string | undefined {
  let secret: string;
  try {
    secret = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  if (secret.length >= MIN_LENGTH) return secret;
  throw new SecretError(
    `The token secret ${path} is damaged: it has fewer than ${MIN_LENGTH} characters. Restore it, or delete it to void all tokens.`,
  );
}

/** Written aside and linked into place: no reader sees half of it, and of two makers the first wins. */
function makeSecret(folder: string, path: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeDurably(draft, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`);
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
  } finally {
    rmSync(draft, { force: true });
  }
  const secret = readSecret(path);
  if (secret === undefined) throw new SecretError(`The token secret ${path} was removed while it was made. Try again.`);
  return secret;
}

function writeDurably(path: string, content: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
