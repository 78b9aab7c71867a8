/** Send a message: check the content, the sender's rate and right, then store it once. */
import { checkContent, checkString } from '../content.ts';
import type { Core } from '../core.ts';
import type { Access, Target } from '../directory.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Content, ConversationKind, Id, Millis, User } from '../model.ts';
import { checkSend, notFound, writersOf } from '../policy.ts';
import type { AppendMessage, Appended } from '../ports.ts';
import { shownName } from '../shown-name.ts';
import { settleContent } from './read-file.ts';

export interface SendMessage {
  readonly target: Target;
  /** The target must be of one of these kinds; any other answers as missing. */
  readonly kinds?: readonly ConversationKind[];
  readonly content: Content;
  /** Milliseconds the content lives, counted from the moment it is stored. */
  readonly expiresAfter?: Millis | undefined;
  /** The sender's name for this send: the same key again is the same message for 24 hours. */
  readonly key?: string | undefined;
  /** What a known key with another content means: a mistake to refuse (default), or a counter that started over: a new message. */
  readonly keyReuse?: 'refuse' | 'new';
}

/** A decision made stale by a change of members is made again this often at the most. */
const MAX_DECISIONS = 5;

/** Messages after which a room is trimmed: it may have so many more than its history. */
const TRIM_ROOM_EVERY = 64;

/** What a send needs to know: the actor's relation to the target, and the content as it is stored where that had to be looked up. */
export interface Prepared extends Access {
  readonly settled?: Content;
}

/**
 * What the decision needs: at once when it is in memory, else loaded. Given to `sendMessage`, the message is handed to the committer before
 * that returns, so that a connection that calls it for one frame after another keeps their order. `content` may be left out where it has no
 * resource.
 */
export function prepareSend(core: Core, actor: Actor, target: Target, content?: Content): Prepared | Promise<Prepared> {
  const access = core.directory.peek(actor.namespace, actor.user, target);
  if (access !== undefined && content?.resource === undefined && isKnown(core, actor)) return access;
  return loadSend(core, actor, target, content);
}

async function loadSend(core: Core, actor: Actor, target: Target, content: Content | undefined): Promise<Prepared> {
  await knowSender(core, actor);
  const settled = content && (await settleContent(core, actor, content));
  const access = await core.directory.load(actor.namespace, actor.user, target);
  return settled === undefined ? access : { ...access, settled };
}

/** Whether what people see of the sender is in memory. */
function isKnown({ directory }: Core, { namespace, user }: Actor): boolean {
  return user === 0 || directory.peekUser(namespace, user) !== undefined;
}

async function knowSender({ directory }: Core, { namespace, user }: Actor): Promise<void> {
  if (user !== 0) await directory.user(namespace, user);
}

/** Resolves when the message is on disk and announced. `prepared` is what `prepareSend` has just found for the target. */
export function sendMessage(core: Core, actor: Actor, input: SendMessage, prepared?: Prepared): Promise<Appended> {
  return send(core, actor, input, prepared, false);
}

/** `isJudged`: everything but the right to send there was looked at. One function, so that who asks no moderator waits for nothing. */
async function send(
  core: Core,
  actor: Actor,
  input: SendMessage,
  prepared: Prepared | undefined,
  isJudged: boolean,
): Promise<Appended> {
  const { directory, moderation } = core;
  if (!isJudged) {
    checkContent(input.content, core.limits);
    checkKey(core, input.key);
    checkExpiry(core, input.expiresAfter);
    core.speech.take(actor, input);
    if (moderation?.covers(actor) === true) {
      return moderation.pass({ actor, content: input.content, key: input.key, place: input.target }, (content) =>
        send(core, actor, { ...input, content }, undefined, true),
      );
    }
  }
  if (!isKnown(core, actor)) await knowSender(core, actor);
  const settled = prepared?.settled ?? settleContent(core, actor, input.content);
  const content = settled instanceof Promise ? await settled : settled;
  let found: Access | undefined = prepared;
  for (let decision = 1; ; decision += 1) {
    const access =
      found ??
      directory.peek(actor.namespace, actor.user, input.target) ??
      (await directory.load(actor.namespace, actor.user, input.target));
    checkSend(actor, access);
    if (access.conversation !== undefined && input.kinds?.includes(access.conversation.kind) === false) throw notFound();
    const outcome = await core.committer.commit(
      toOperation(core, actor, content === input.content ? input : { ...input, content }, access),
    );
    if (outcome !== 'stale') {
      core.meter.sent(actor.door);
      if (outcome.conversation.kind === 'room') trimRoom(core, outcome);
      return outcome;
    }
    if (decision === MAX_DECISIONS) throw new ChatError('unavailable', 'The conversation is changing too fast. Try again.');
    found = undefined;
    directory.forget(actor.namespace, actor.user, input.target);
  }
}

/** A message of a support chat, whose sender's right was decided by the desk. */
export interface DeskMessage extends Pick<AppendMessage, 'conversation' | 'content' | 'desk' | 'aside' | 'key' | 'widget'> {
  /** Who wrote it, where a back end tells of it; absent: the actor. */
  readonly sender?: Id;
  /** Called when it has its place: what is committed from then on comes after it. */
  readonly placed?: (() => void) | undefined;
}

/** What a message of a support chat is refused for, whatever chat it is for; takes its share of the sender's rate. */
export function admitMessage(core: Core, actor: Actor, { content, key }: Pick<DeskMessage, 'content' | 'key'>): void {
  checkContent(content, core.limits);
  checkKey(core, key);
  if (actor.role === 'guest') throw new ChatError('permission_denied', 'Guests may listen, not speak. Sign in to write.');
  core.speech.take(actor, { content, key });
}

/** Stores a message that was admitted in a support chat or an aside of it, when it was judged where somebody is asked. */
export async function commitMessage(core: Core, actor: Actor, message: DeskMessage): Promise<Appended> {
  if (core.moderation?.covers(actor) !== true) return storeMessage(core, actor, message);
  const { content, key, conversation } = message;
  return core.moderation.pass({ actor, content, key, place: { conversation } }, (judged) =>
    storeMessage(core, actor, { ...message, content: judged }),
  );
}

async function storeMessage(core: Core, actor: Actor, { placed, ...message }: DeskMessage): Promise<Appended> {
  const sender = message.sender ?? actor.user;
  const known = sender === 0 ? undefined : await core.directory.user(actor.namespace, sender);
  for (let decision = 1; decision <= MAX_DECISIONS; decision += 1) {
    const conversation = await core.directory.conversation(message.conversation);
    if (conversation === undefined) throw notFound();
    const committing = core.committer.commit({
      type: 'append',
      namespace: actor.namespace,
      ...message,
      sender,
      ...(known !== undefined && toSenderName(known)),
      peer: 0,
      version: conversation.version,
      writers: 'anyone',
      staff: core.desk.staff(actor.namespace),
      origin: actor,
    });
    placed?.();
    const outcome = await committing;
    if (outcome !== 'stale') {
      core.meter.sent(actor.door);
      return outcome;
    }
    core.directory.forget(actor.namespace, actor.user, { conversation: message.conversation });
  }
  throw new ChatError('unavailable', 'The chat is changing too fast. Try again.');
}

/** The history of a room is short: every so many messages what is too old is removed. */
function trimRoom(core: Core, { conversation, message, duplicate }: Appended): void {
  const before = message.index - core.limits.roomHistory + 1;
  if (duplicate || before <= 1 || message.index % TRIM_ROOM_EVERY !== 0) return;
  core.committer.commit({ type: 'trim', conversation: conversation.id, before }).catch((cause: unknown) => {
    core.log.warn({ err: cause, room: conversation.id }, 'the history of a room could not be shortened; it will be tried again');
  });
}

function toOperation(core: Core, actor: Actor, input: SendMessage, access: Access): AppendMessage {
  const { conversation, peer } = access;
  const sender = core.directory.peekUser(actor.namespace, actor.user);
  if (sender?.erasedAt !== undefined) throw new ChatError('unauthenticated', 'This account was erased.');
  return {
    type: 'append',
    namespace: actor.namespace,
    sender: actor.user,
    ...(sender !== undefined && toSenderName(sender)),
    conversation: conversation?.id ?? 0,
    peer: conversation === undefined ? (peer?.id ?? 0) : 0,
    version: conversation?.version ?? 0,
    writers: writersOf(actor, conversation?.kind ?? 'private'),
    content: input.content,
    expiresAfter: input.expiresAfter,
    key: input.key,
    keyReuse: input.keyReuse ?? 'refuse',
    ...(conversation?.kind === 'support' && { staff: core.desk.staff(actor.namespace) }),
    origin: actor,
  };
}

function toSenderName(sender: User): Pick<AppendMessage, 'senderName' | 'senderDisplayName'> {
  const { username, name } = shownName(sender);
  return { senderName: username, ...(name !== undefined && { senderDisplayName: name }) };
}

function checkKey(core: Core, key: string | undefined): void {
  if (key === undefined) return;
  if (key.length === 0 || key.length > core.limits.maxKeyLength) {
    throw new ChatError('invalid_argument', `An idempotency key has 1 to ${core.limits.maxKeyLength} characters.`, {
      fields: { 'idempotency key': `has 1 to ${core.limits.maxKeyLength} characters` },
    });
  }
  checkString('idempotency key', key);
}

function checkExpiry(core: Core, expiresAfter: Millis | undefined): void {
  if (expiresAfter === undefined) return;
  if (!(expiresAfter > 0 && expiresAfter <= core.limits.maxExpiry)) {
    throw new ChatError('invalid_argument', `expire: must be above 0 and at most ${core.limits.maxExpiry / 1000} s`);
  }
}
