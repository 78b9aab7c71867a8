/**
 * Visitors of a website: anonymous by default, known by a secret that only their browser has, and joined to a person when the site says who they
 * are.
 */
import { randomBytes } from 'node:crypto';
import { hashSecret } from '../actions/sign-in.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id, Millis, Origin, User } from '../model.ts';
import { breath } from '../retention.ts';
import { settledChat } from './chats.ts';
import { isOpenAt } from './hours.ts';
import { admittingWidget } from './widgets.ts';
import type { Widget } from './model.ts';
import type { Identification } from './operations.ts';

/** A visitor's token: as long as a page is read; the browser asks for the next one with its secret. */
export const VISITOR_TOKEN_MS: Millis = 900_000;

const SERVER: Origin = { door: 'server', session: 0 };

const PREFIX = 'visitor:';

const SECRET = /^[A-Za-z0-9_-]{32}$/;

export interface VisitorRequest {
  readonly namespace: string;
  readonly source: string;
  /** Of the page that shows the widget, as the browser says. */
  readonly origin: string | undefined;
  /** From an earlier answer: the same visitor again. */
  readonly visitor: string | undefined;
  /** Network address of the caller. */
  readonly address: string;
}

export interface VisitorAnswer {
  readonly user: Id;
  readonly token: string;
  readonly expiresAt: Millis;
  /** Known to this visitor's browser alone: what it shows to be the same visitor again. */
  readonly visitor: string;
  readonly widget: Widget;
  /** People answer now. */
  readonly open: boolean;
  /** Operators attend who serve the widget. */
  readonly online: boolean;
}

/** A token for a visitor of a page that may show the widget. */
export async function admitVisitor(core: Core, request: VisitorRequest): Promise<VisitorAnswer> {
  core.desk.visitorLimiter.take(request.address, 0);
  const widget = await admittingWidget(core, request);
  const { namespace, source } = request;
  const { user, secret } = await visitorFor(core, request);
  const expiresAt = core.now() + VISITOR_TOKEN_MS;
  const token = await core.tokens.mint({ subject: externalOf(secret), namespace, role: 'user', source, ttl: VISITOR_TOKEN_MS });
  const open = isOpenAt(widget.hours, core.now());
  return { user: user.id, token, expiresAt, visitor: secret, widget, open, online: isOnline(core, namespace, source) };
}

/** The visitor whose secret is shown; a new one where it is none, or that of somebody who has said who they are since. */
async function visitorFor(core: Core, { namespace, visitor = '' }: VisitorRequest): Promise<{ user: User; secret: string }> {
  if (SECRET.test(visitor)) {
    const user = await visitorOf(core, namespace, visitor);
    if ((await core.store.identifiedAs(namespace, user.id)) === undefined) return { user, secret: visitor };
  }
  const secret = newSecret();
  return { user: await visitorOf(core, namespace, secret), secret };
}

function isOnline(core: Core, namespace: string, source: string): boolean {
  return core.hub.attendances(namespace).some(({ sources }) => sources === 'all' || sources.includes(source));
}

async function visitorOf(core: Core, namespace: string, secret: string): Promise<User> {
  const external = externalOf(secret);
  const known = await core.store.userByExternal(namespace, external);
  if (known !== undefined) return known;
  return settledChat(await core.committer.commit({ type: 'user', namespace, id: 0, external, role: 'user' })).user;
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

/** The secret itself is kept nowhere. */
function externalOf(secret: string): string {
  return `${PREFIX}${hashSecret(secret)}`;
}

/**
 * The site says who a visitor is, by a token it has signed: the visitor's chats are that person's from now on, and the visitor's own token opens
 * none any more. A visitor is one person: the same again changes nothing, another is refused. Returns how many chats have changed hands.
 */
export async function identifyVisitor(
  core: Core,
  actor: Actor,
  person: { namespace: string; user: Id; role: string },
): Promise<number> {
  const visitor = await core.directory.user(actor.namespace, actor.user);
  if (visitor?.external?.startsWith(PREFIX) !== true) {
    throw new ChatError('failed_precondition', 'Only anonymous visitors say who they are; this is somebody known.');
  }
  if (person.namespace !== actor.namespace) throw new ChatError('permission_denied', 'The token is for another namespace.');
  const known = await core.directory.user(person.namespace, person.user);
  if (person.role !== 'user' || known === undefined || known.external?.startsWith(PREFIX) === true) {
    throw new ChatError('permission_denied', 'The token is not that of a user whom a visitor could be.');
  }
  return carryOnIdentifying(core, { namespace: person.namespace, visitor: actor.user, user: person.user }, actor);
}

/** Resolves when nothing of the visitor's is left. `stopped` is asked between transactions. */
export async function carryOnIdentifying(
  core: Core,
  { namespace, visitor, user }: Identification,
  origin: Origin = SERVER,
  stopped: () => boolean = () => false,
): Promise<number> {
  let chats = 0;
  for (let done = false; !done && !stopped();) {
    const outcome = settledChat(await core.committer.commit({ type: 'identify', namespace, visitor, user, origin }));
    chats += outcome.changes.length;
    ({ done } = outcome);
    if (!done) await breath();
  }
  return chats;
}
