/**
 * Visitors of a website: anonymous by default, known by a secret that only their browser has, and joined to a person when the site says who they
 * are.
 */
import { randomBytes } from 'node:crypto';
import { hashSecret } from '../actions/sign-in.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id, Millis, User } from '../model.ts';
import { checkName, settledChat } from './chats.ts';
import { isOpenAt } from './hours.ts';
import type { Widget } from './model.ts';

/** A visitor's token: as long as a visit; the browser asks for the next one with its secret. */
export const VISITOR_TOKEN_MS: Millis = 3_600_000;

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
  const widget = await allowedWidget(core, request);
  const secret = request.visitor !== undefined && SECRET.test(request.visitor) ? request.visitor : newSecret();
  const { namespace, source } = request;
  const user = await visitorOf(core, namespace, secret);
  const expiresAt = core.now() + VISITOR_TOKEN_MS;
  const token = await core.tokens.mint({ subject: externalOf(secret), namespace, role: 'user', ttl: VISITOR_TOKEN_MS });
  const open = isOpenAt(widget.hours, core.now());
  return { user: user.id, token, expiresAt, visitor: secret, widget, open, online: isOnline(core, namespace, source) };
}

function isOnline(core: Core, namespace: string, source: string): boolean {
  return core.hub.attendances(namespace).some(({ sources }) => sources === 'all' || sources.includes(source));
}

/** Where no widget is set any may be shown, so that a desk can be tried out; once there are some, only they. */
async function allowedWidget(core: Core, { namespace, source, origin }: VisitorRequest): Promise<Widget> {
  checkName('source', source);
  const settings = await core.desk.settings.of(namespace);
  if (settings.widgets.size > 0 && !settings.widgets.has(source)) throw new ChatError('not_found', 'There is no such widget.');
  const widget = settings.widget(source);
  if (widget.origins.length > 0 && (origin === undefined || !widget.origins.includes(origin))) {
    throw new ChatError(
      'permission_denied',
      'This page may not show the widget: its origin is not among those that are allowed.',
    );
  }
  return widget;
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
 * The site says who a visitor is, by a token it has signed: the visitor's chats are that person's from now on. Once done, doing it again changes
 * nothing.
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
  const { namespace, user } = person;
  const outcome = await core.committer.commit({ type: 'identify', namespace, visitor: actor.user, user, origin: actor });
  return settledChat(outcome).changes.length;
}
