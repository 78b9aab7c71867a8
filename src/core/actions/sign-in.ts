/** From a token or a password to an actor. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { checkLabel, cleanName } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import { parseId } from '../ids.ts';
import type { Limits } from '../limits.ts';
import type { Id, Millis, Person, Role, User } from '../model.ts';
import { checkPerson, isWithin, nameOf } from '../person.ts';
import type { Claims, UserSaved } from '../ports.ts';

/** A checked token and the user it belongs to. */
export interface Identity {
  readonly namespace: string;
  readonly user: Id;
  readonly role: Role;
  readonly name: string;
  readonly token?: string;
  /** The widget of the support desk that the token is for; absent: any. */
  readonly source?: string;
  readonly issuedAt: Millis;
  readonly expiresAt: Millis;
}

/** Characters of a `sub` of an external account system. */
const MAX_SUBJECT_LENGTH = 256;

const NAMESPACE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const USERNAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{1,63}$/u;
const PASSWORD_LENGTH = { min: 8, max: 256 };

/**
 * The user of a valid token. A decimal `sub` below 2^53 is the user id itself; any other is kept as an external id. The user appears with
 * the first valid token; a newer token's name and role are taken over.
 */
export async function identify(core: Core, claims: Claims): Promise<Identity> {
  if (!NAMESPACE.test(claims.namespace)) throw unauthenticated('The namespace of the token is not a valid name.');
  if (claims.subject.length > MAX_SUBJECT_LENGTH) throw unauthenticated('The subject of the token is too long.');
  const user = await findOrSave(core, claims);
  if (user.erasedAt !== undefined) throw unauthenticated('This account was erased.');
  const { namespace, role, token, source, issuedAt, expiresAt } = claims;
  const marks = { ...(token !== undefined && { token }), ...(source !== undefined && { source }) };
  return { namespace, user: user.id, role, name: user.name, ...marks, issuedAt, expiresAt };
}

/** The user a token with this `sub` is of, if any such token was ever shown. */
export function findBySubject(core: Core, namespace: string, subject: string): Promise<User | undefined> {
  const id = parseId(subject);
  return id === undefined ? core.store.userByExternal(namespace, subject) : core.directory.user(namespace, id);
}

async function findOrSave(core: Core, claims: Claims): Promise<User> {
  const { namespace, subject, role } = claims;
  const id = parseId(subject);
  const known = await findBySubject(core, namespace, subject);
  const { person = {} } = claims;
  const called = claims.name ?? (nameOf(person) === '' ? undefined : nameOf(person));
  const name = called === undefined ? undefined : cleanName(called).slice(0, core.limits.maxNameLength).toWellFormed();
  if ([subject, called?.toWellFormed() ?? ''].some((text) => text.includes('\0') || !text.isWellFormed())) {
    throw unauthenticated('The token names a user by what is no valid text.');
  }
  if (known?.erasedAt !== undefined) return known;
  checkClaimedPerson(person, core.limits);
  const same = known !== undefined && known.role === role && (name === undefined || name === known.name);
  if (same && isWithin(person, known.person ?? {})) return known;
  const outcome = await core.committer.commit({
    type: 'user',
    namespace,
    id: id ?? 0,
    ...(id === undefined && { external: subject }),
    role,
    ...(name !== undefined && { name }),
    ...(claims.person && { person }),
  });
  return saved(outcome);
}

function checkClaimedPerson(person: Person, limits: Limits): void {
  try {
    checkPerson(person, limits);
  } catch {
    throw unauthenticated('The token describes its user by what cannot be kept.');
  }
}

export interface Credentials {
  readonly namespace: string;
  readonly username: string;
  readonly password: string;
}

/** Makes a built-in account. */
export async function register(core: Core, { namespace, username, password }: Credentials): Promise<User> {
  if (!NAMESPACE.test(namespace)) throw new ChatError('invalid_argument', 'namespace: is not a valid name');
  checkLabel('username', username, core.limits.maxNameLength);
  if (!USERNAME.test(username)) throw badField('username', 'has 2 to 64 letters, digits, dots, dashes or underscores');
  if (password.length < PASSWORD_LENGTH.min) throw badField('password', `has at least ${PASSWORD_LENGTH.min} characters`);
  if (password.length > PASSWORD_LENGTH.max) throw badField('password', `has at most ${PASSWORD_LENGTH.max} characters`);
  const passwordHash = await core.passwords.hash(password);
  const account = { username: canonical(username), passwordHash };
  return saved(await core.committer.commit({ type: 'user', namespace, id: 0, name: username, account }));
}

/** The user of a built-in account. A wrong name and a wrong password answer the same and take the same time. */
export async function logIn(core: Core, { namespace, username, password }: Credentials): Promise<User> {
  if (password.length > PASSWORD_LENGTH.max) throw unauthenticated('Wrong username or password.');
  const account = await core.store.account(namespace, canonical(username));
  const matches = await core.passwords.verify(account?.passwordHash, password);
  if (account === undefined || !matches) throw unauthenticated('Wrong username or password.');
  core.restrictions.checkAllowed(namespace, account.user.id);
  return account.user;
}

/** Usernames differ in more than case and composition. */
function canonical(username: string): string {
  return username.normalize('NFKC').toLowerCase();
}

/** The SHA-256 of an Api-Token's secret, as stored. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Compares two hashes in constant time. */
export function sameHash(one: string, other: string): boolean {
  const left = Buffer.from(one, 'hex');
  const right = Buffer.from(other, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}

function saved(outcome: UserSaved | 'stale'): User {
  if (outcome === 'stale') throw new ChatError('unavailable', 'The account is changing. Try again.');
  return outcome.user;
}

function badField(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}

export function unauthenticated(message: string): ChatError {
  return new ChatError('unauthenticated', message);
}
