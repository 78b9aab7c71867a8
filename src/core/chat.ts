/**
 * The core as doors see it: every verb of the product on one object. A door turns a request into a call here and the returned value into its
 * reply; what others hear of it comes to their sessions through the hub.
 */
import { createAccess } from './access.ts';
import type { Access } from './access.ts';
import { listBlocks, setBlock } from './actions/block-user.ts';
import { editMessage, editText, recallMessage } from './actions/change-message.ts';
import * as manage from './actions/manage-conversation.ts';
import { mintToken, revokeTokens } from './actions/manage-tokens.ts';
import { markDelivered, moveCursor, moveCursorToMessage } from './actions/move-cursor.ts';
import { closeSession, endSession, enterRoom, listSessions, openSession } from './actions/open-session.ts';
import { countOverdue } from './actions/count-overdue.ts';
import { eraseUser, findErasure } from './actions/erase-user.ts';
import { exportUser } from './actions/export-user.ts';
import { changeProfile } from './actions/change-profile.ts';
import { lookUpUser, searchUsers } from './actions/find-user.ts';
import { findFile, findLinkedFile, readFile } from './actions/read-file.ts';
import * as reading from './actions/read-conversation.ts';
import { prepareSend, sendMessage } from './actions/send-message.ts';
import { searchMessages } from './actions/search-messages.ts';
import { deliverNotices } from './actions/deliver-notices.ts';
import { traceMessage } from './actions/trace-message.ts';
import { uploadFile } from './actions/upload-file.ts';
import { setTyping, setTypingAtOnce } from './actions/set-typing.ts';
import * as restricting from './actions/restrict-user.ts';
import { findBySubject, logIn, register } from './actions/sign-in.ts';
import { deliveriesOf } from './announce.ts';
import { noteOf, recordAct } from './audit.ts';
import { startCaretaker } from './caretaker.ts';
import { createCommitter } from './committer.ts';
import type { CommitterOptions } from './committer.ts';
import type { Core } from './core.ts';
import { bindDesk } from './desk/desk.ts';
import type { Desk } from './desk/desk.ts';
import { createDeskParts } from './desk/parts.ts';
import { createDirectory } from './directory.ts';
import { createFeed } from './feed.ts';
import type { Feed } from './feed.ts';
import { startFileCleaner } from './file-cleaner.ts';
import { createHub } from './hub.ts';
import { createIdSource } from './ids.ts';
import type { Limits } from './limits.ts';
import { createLinks } from './links.ts';
import type { Links } from './links.ts';
import type { Actor, Id, Millis, User } from './model.ts';
import { createModeration } from './moderation.ts';
import type { ModerationOptions } from './moderation.ts';
import { ACQUAINTING } from './policy.ts';
import type { ApiToken, Bus, Log, Media, Meter, Operation, Passwords, Store, Success, Tokens } from './ports.ts';
import { createPresence } from './presence.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { createReceiver } from './receive.ts';
import { createRestrictions } from './restrictions.ts';
import { createRevocations } from './revocations.ts';
import { recordLimited, recordLost } from './session-facts.ts';
import { createSpeech } from './speech.ts';
import { startSweeper } from './sweeper.ts';
import { createTurns } from './turns.ts';
import { createTyping } from './typing.ts';
import { createUploads } from './uploads.ts';

/** Leaves the core argument out of an action: what `chat` offers of it. */
type Bound<F> = F extends (core: Core, ...rest: infer A) => infer R ? (...rest: A) => R : never;

export interface Chat {
  readonly access: Access;
  readonly limits: Limits;
  readonly links: Links;
  readonly log: Log;
  readonly meter: Meter;
  /** An id for a session that is about to open. */
  newSessionId(): Id;
  now(): Millis;

  readonly prepareSend: Bound<typeof prepareSend>;
  readonly sendMessage: Bound<typeof sendMessage>;
  readonly editMessage: Bound<typeof editMessage>;
  readonly editText: Bound<typeof editText>;
  readonly recallMessage: Bound<typeof recallMessage>;
  readonly moveCursor: Bound<typeof moveCursor>;
  readonly moveCursorToMessage: Bound<typeof moveCursorToMessage>;
  readonly markDelivered: Bound<typeof markDelivered>;
  readonly setTyping: Bound<typeof setTyping>;
  readonly setTypingAtOnce: Bound<typeof setTypingAtOnce>;
  readonly deliverNotices: Bound<typeof deliverNotices>;

  readonly createConversation: Bound<typeof manage.createConversation>;
  readonly openPrivate: Bound<typeof manage.openPrivate>;
  readonly updateConversation: Bound<typeof manage.updateConversation>;
  readonly deleteConversation: Bound<typeof manage.deleteConversation>;
  readonly changeMembers: Bound<typeof manage.changeMembers>;
  readonly joinConversation: Bound<typeof manage.joinConversation>;
  readonly leaveConversation: Bound<typeof manage.leaveConversation>;

  readonly findConversation: Bound<typeof reading.findConversation>;
  readonly listConversations: Bound<typeof reading.listConversations>;
  readonly listWithRosters: Bound<typeof reading.listWithRosters>;
  readonly summarize: Bound<typeof reading.summarize>;
  readonly listMembers: Bound<typeof reading.listMembers>;
  readonly readHistory: Bound<typeof reading.readHistory>;
  readonly searchMessages: Bound<typeof searchMessages>;
  readonly exportUser: Bound<typeof exportUser>;
  readonly eraseUser: Bound<typeof eraseUser>;
  readonly findErasure: Bound<typeof findErasure>;
  readonly countOverdue: Bound<typeof countOverdue>;
  readonly uploadFile: Bound<typeof uploadFile>;
  readonly findFile: Bound<typeof findFile>;
  readonly findLinkedFile: Bound<typeof findLinkedFile>;
  readonly readFile: Bound<typeof readFile>;
  readonly changeProfile: Bound<typeof changeProfile>;

  readonly listRosters: Bound<typeof reading.listRosters>;
  readonly countUnread: Bound<typeof reading.countUnread>;
  readonly findHead: Bound<typeof reading.findHead>;
  readonly listRevisions: Bound<typeof reading.listRevisions>;
  readonly resume: Bound<typeof reading.resume>;

  readonly setBlock: Bound<typeof setBlock>;
  readonly listBlocks: Bound<typeof listBlocks>;

  readonly openSession: Bound<typeof openSession>;
  readonly closeSession: Bound<typeof closeSession>;
  readonly listSessions: Bound<typeof listSessions>;
  readonly endSession: Bound<typeof endSession>;
  readonly enterRoom: Bound<typeof enterRoom>;

  readonly register: Bound<typeof register>;
  readonly logIn: Bound<typeof logIn>;
  readonly mintToken: Bound<typeof mintToken>;
  readonly revokeTokens: Bound<typeof revokeTokens>;

  readonly restrictUser: Bound<typeof restricting.restrictUser>;
  readonly liftRestriction: Bound<typeof restricting.liftRestriction>;
  readonly findRestrictions: Bound<typeof restricting.findRestrictions>;
  readonly listRestrictions: Bound<typeof restricting.listRestrictions>;
  readonly readAudit: Bound<typeof restricting.readAudit>;

  /** Support chats and the people who answer them. */
  readonly desk: Desk;

  /** What happened, for other systems. */
  readonly feed: Feed;
  readonly traceMessage: Bound<typeof traceMessage>;

  readonly findUserBySubject: Bound<typeof findBySubject>;
  readonly lookUpUser: Bound<typeof lookUpUser>;
  readonly searchUsers: Bound<typeof searchUsers>;
  /** Without asking who wants to know: for doors that translate what is the caller's already. */
  findUser(namespace: string, id: Id): Promise<User | undefined>;
  isOnline(namespace: string, user: Id): boolean;
  /** Removes what is older than `limits.retention` lets stay, in short transactions; resolves when it is gone. `by`: noted as who wants it now. */
  applyRetention(by?: Actor): Promise<void>;

  /** The parts below the verbs, for composing and for tests. */
  readonly core: Core;
  /** Ends every session as `shutdown` and waits until everything accepted is stored. */
  drain(): Promise<void>;
}

export interface ChatDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly media: Media;
  readonly tokens: Tokens;
  readonly passwords: Passwords;
  readonly meter: Meter;
  readonly log: Log;
  readonly limits: Limits;
  /** Links to files of ours. */
  readonly links: { readonly secret: string; readonly lifetime: Millis; readonly origin: string };
  readonly commits: CommitterOptions;
  /** Entries of each kind the directory remembers. */
  readonly directorySize: number;
  /** Who is asked before something is stored; absent: nobody. */
  readonly moderation?: ModerationOptions | undefined;
  /** Api-Tokens of the configuration. */
  readonly apiTokens: readonly ApiToken[];
  readonly now?: () => Millis;
}

/** One search for every window somebody types in. */
const SEARCHES = { each: 4, retryAfter: 1_000 };

/** Each reads a good part of the database. */
const REPORTS = { each: 4, retryAfter: 60_000 };

const FAILURES = {
  commit: 'the store could not commit; nothing of the batch was acknowledged',
  announce: 'something stored could not be told to live sessions',
} as const;

/** Reads what the core keeps in memory and starts it. */
export async function createChat(deps: ChatDeps): Promise<Chat> {
  const { store, bus, meter, log, limits } = deps;
  const now = deps.now ?? Date.now;
  const hub = createHub({ meter });
  const directory = createDirectory({ store, size: deps.directorySize });
  const links = createLinks({ ...deps.links, now });
  const feed = createFeed({ store, directory, links });
  const revocations = createRevocations({ stored: await store.revocations(now()) });
  const restrictions = createRestrictions({ stored: await store.restrictions(now()), now });
  bus.subscribe(createReceiver({ hub }));

  const typing = createTyping({
    timeout: limits.typingTimeout,
    changed: ({ conversation, user, name, session, scene }, active) =>
      bus.publish({ type: 'typing', conversation, user, name, active, from: session, ...(scene && { scene }) }),
  });

  function announce(operation: Operation, outcome: Success): void {
    directory.apply(outcome);
    desk.apply(outcome);
    feed.apply(outcome);
    restrict(outcome);
    if (outcome.type === 'revoke' || outcome.type === 'erase-user') revocations.add(outcome.revocation);
    if (outcome.type === 'erase-user') presence.erased(outcome.user.namespace, outcome.user.id);
    if (outcome.type === 'append' && !outcome.duplicate) typing.finish(outcome.conversation.id, outcome.message.sender);
    if (outcome.type === 'members') for (const user of outcome.removed) typing.finish(outcome.conversation.id, user);
    for (const delivery of deliveriesOf(operation, outcome, limits.smallGroup)) bus.publish(delivery);
  }

  function restrict(outcome: Success): void {
    if (outcome.type === 'lift') restrictions.lift(outcome.namespace, outcome.user, outcome.kind);
    if (outcome.type === 'erase-user') restrictions.drop(outcome.user.namespace, outcome.user.id);
    if (outcome.type !== 'restrict') return;
    const { namespace, user, kind } = outcome.restriction;
    restrictions.add(outcome.restriction);
    if (kind === 'ban') for (const session of hub.sessionsOf(namespace, user).slice()) session.end('banned');
  }

  const committer = createCommitter({
    store,
    announce,
    meter,
    onFailure: (cause, what) => log.error({ err: cause }, FAILURES[what]),
    options: deps.commits,
  });

  const desk = createDeskParts({ store, hub, bus, directory, committer, limits, log, now });

  async function presenceChanged({
    namespace,
    user,
    online,
    at,
  }: {
    namespace: string;
    user: Id;
    online: boolean;
    at: Millis;
  }): Promise<void> {
    if (!online) await committer.commit({ type: 'user', namespace, id: user, lastSeenAt: at });
    const conversations = await store.conversationsOf(namespace, user, ACQUAINTING);
    // Meanwhile it may have become untrue, and the newer change may have been told before this one.
    if (presence.isOnline(namespace, user) !== online) return;
    bus.publish({ type: 'presence', namespace, user, online, lastSeenAt: at, conversations });
  }

  const presence = createPresence({
    hub,
    grace: limits.presenceGrace,
    now,
    changed: (change) => {
      presenceChanged(change).catch((cause: unknown) => log.warn({ err: cause }, 'a presence change could not be told'));
    },
  });

  const core: Core = {
    store,
    committer,
    directory,
    hub,
    bus,
    presence,
    desk,
    typing,
    restrictions,
    moderation: deps.moderation && createModeration({ ...deps.moderation, limits, links, restrictions, meter, log, now }),
    speech: createSpeech({
      limits,
      restrictions,
      now,
      limited: (actor, reason) => recordLimited({ committer, log }, actor, reason),
    }),
    searches: createTurns(SEARCHES),
    reports: createTurns(REPORTS),
    changeLimiter: createRateLimiter({ rate: limits.rate, now }),
    limits,
    links,
    media: deps.media,
    uploads: createUploads({ store, committer, media: deps.media, maxPerUser: limits.maxUploadsPerUser }),
    ids: createIdSource({ now }),
    tokens: deps.tokens,
    passwords: deps.passwords,
    meter,
    log,
    now,
  };
  await recordLost(core);
  const access = createAccess({ core, revocations, configured: deps.apiTokens, stored: await store.apiTokens() });
  const sweeper = startSweeper({ core, revocations });
  const caretaker = startCaretaker(core);
  const cleaner = startFileCleaner(core);

  return {
    ...bindActions(core),
    desk: bindDesk(core),
    feed,
    access,
    limits,
    links,
    log,
    meter,
    core,
    now,
    newSessionId: () => core.ids.next(),
    findUser: (namespace, id) => directory.user(namespace, id),
    applyRetention(by) {
      if (by !== undefined) recordAct(core, noteOf(by, { action: 'retention.applied' }));
      return caretaker.applyRetention();
    },
    isOnline: (namespace, user) => presence.isOnline(namespace, user),
    async drain() {
      sweeper.close();
      await caretaker.close();
      feed.end();
      for (const session of hub.sessions()) session.end('shutdown');
      presence.close();
      desk.close();
      await desk.clerk.idle();
      typing.close();
      await cleaner.close();
      await core.moderation?.idle();
      await committer.idle();
    },
  };
}

function bindActions(core: Core) {
  const bind =
    <A extends unknown[], R>(action: (core: Core, ...rest: A) => R) =>
    (...rest: A): R =>
      action(core, ...rest);
  return {
    prepareSend: bind(prepareSend),
    sendMessage: bind(sendMessage),
    editMessage: bind(editMessage),
    editText: bind(editText),
    recallMessage: bind(recallMessage),
    moveCursor: bind(moveCursor),
    moveCursorToMessage: bind(moveCursorToMessage),
    markDelivered: bind(markDelivered),
    setTyping: bind(setTyping),
    setTypingAtOnce: bind(setTypingAtOnce),
    deliverNotices: bind(deliverNotices),
    createConversation: bind(manage.createConversation),
    openPrivate: bind(manage.openPrivate),
    updateConversation: bind(manage.updateConversation),
    deleteConversation: bind(manage.deleteConversation),
    changeMembers: bind(manage.changeMembers),
    joinConversation: bind(manage.joinConversation),
    leaveConversation: bind(manage.leaveConversation),
    findConversation: bind(reading.findConversation),
    listConversations: bind(reading.listConversations),
    listWithRosters: bind(reading.listWithRosters),
    summarize: bind(reading.summarize),
    listMembers: bind(reading.listMembers),
    readHistory: bind(reading.readHistory),
    searchMessages: bind(searchMessages),
    exportUser: bind(exportUser),
    eraseUser: bind(eraseUser),
    findErasure: bind(findErasure),
    countOverdue: bind(countOverdue),
    uploadFile: bind(uploadFile),
    findFile: bind(findFile),
    findLinkedFile: bind(findLinkedFile),
    readFile: bind(readFile),
    changeProfile: bind(changeProfile),
    listRosters: bind(reading.listRosters),
    countUnread: bind(reading.countUnread),
    findHead: bind(reading.findHead),
    listRevisions: bind(reading.listRevisions),
    resume: bind(reading.resume),
    setBlock: bind(setBlock),
    listBlocks: bind(listBlocks),
    openSession: bind(openSession),
    closeSession: bind(closeSession),
    listSessions: bind(listSessions),
    endSession: bind(endSession),
    enterRoom: bind(enterRoom),
    lookUpUser: bind(lookUpUser),
    searchUsers: bind(searchUsers),
    findUserBySubject: bind(findBySubject),
    register: bind(register),
    logIn: bind(logIn),
    mintToken: bind(mintToken),
    revokeTokens: bind(revokeTokens),
    restrictUser: bind(restricting.restrictUser),
    liftRestriction: bind(restricting.liftRestriction),
    findRestrictions: bind(restricting.findRestrictions),
    listRestrictions: bind(restricting.listRestrictions),
    readAudit: bind(restricting.readAudit),
    traceMessage: bind(traceMessage),
  };
}
