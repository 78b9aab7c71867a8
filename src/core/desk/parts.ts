/** What the desk keeps in memory besides the store, and what a committed operation sets going there. */
import { serves } from './serving.ts';
import type { Committer } from '../committer.ts';
import type { Directory } from '../directory.ts';
import type { Hub } from '../hub.ts';
import type { Limits } from '../limits.ts';
import type { Id, Millis } from '../model.ts';
import type { Bus, ChatMembers, Log, Store, Success } from '../ports.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import type { RateLimiter } from '../rate-limiter.ts';
import type { Session } from '../session.ts';
import { createClerk } from './clerk.ts';
import type { Clerk } from './clerk.ts';
import type { ChatChange, SupportChat } from './model.ts';
import { createPositions } from './positions.ts';
import type { Positions } from './positions.ts';
import { createRooms } from './rooms.ts';
import type { Rooms } from './rooms.ts';
import { createDeskSettings } from './settings.ts';
import type { DeskSettings } from './settings.ts';
import { createStaff } from './staff.ts';
import type { Staff } from './serving.ts';
import { createTally } from './tally.ts';
import type { Tally } from './tally.ts';

export interface DeskParts {
  readonly settings: DeskSettings;
  readonly tally: Tally;
  readonly positions: Positions;
  readonly rooms: Rooms;
  readonly clerk: Clerk;
  /** Who may be given chats at this moment. */
  readonly staff: (namespace: string) => Staff;
  /** Keeps one address from making visitors without end: `take(address, 0)`. */
  readonly visitorLimiter: RateLimiter;
  /** What was committed; called in commit order, before it is announced. */
  apply(outcome: Success): void;
  /** An operator's session has come to the desk. */
  attended(namespace: string, operator: Id): void;
  /** A session is about to close: it leaves the chats it is in and the desk. */
  closing(session: Session): () => void;
  close(): void;
}

export function createDeskParts(deps: {
  store: Store;
  hub: Hub;
  bus: Bus;
  directory: Directory;
  committer: Pick<Committer, 'commit'>;
  limits: Limits;
  log: Log;
  now: () => Millis;
}): DeskParts {
  const { store, hub, bus, directory, committer, limits, log, now } = deps;
  const settings = createDeskSettings({ store, operatorsServe: limits.operatorsServe });
  const staff = createStaff({ hub, settings });
  const tally = createTally({ hub, bus, store, directory, grace: limits.presenceGrace, log });
  const positions = createPositions({ hub, bus, store, directory, log });
  const clerk = createClerk({ store, settings, staff, committer, now, log });
  const rooms = createRooms({
    hub,
    grace: limits.presenceGrace,
    changed: (conversation, id, present) => {
      directory
        .user(conversation.namespace, id)
        .then((user) => {
          if (user === undefined) return;
          const news = { kind: 'room' as const, conversation, user, present };
          bus.publish({ type: 'desk', namespace: conversation.namespace, news, to: { conversation, desk: true }, from: 0 });
        })
        .catch((cause: unknown) => log.warn({ err: cause }, 'who is in a chat could not be told'));
    },
  });

  function changed(change: ChatChange): void {
    tally.add(change);
    const { cause, before, scene } = change;
    const { chat } = scene;
    if (cause === 'unread') return;
    const waits = chat.queuedAt !== undefined;
    if (waits || waited(before)) {
      positions.changed(chat);
      if (before.department !== chat.department) positions.left({ ...chat, department: before.department });
    }
    if (waits) clerk.room(chat.namespace);
    else if (before.operator !== 0 && (before.operator !== chat.operator || isOver(chat))) clerk.room(chat.namespace);
  }

  function chatRemoved(chat: SupportChat): void {
    tally.removed(chat);
    if (chat.queuedAt !== undefined) positions.changed(chat);
    if (chat.operator !== 0) clerk.room(chat.namespace);
  }

  /** Operators who were in a chat for their membership alone are in it no longer. */
  function putOut({ conversation, removed }: ChatMembers): void {
    if (removed.length === 0) return;
    const known = settings.peek(conversation.namespace);
    for (const session of hub.insideOf(conversation.id)) {
      const { user, role } = session.actor;
      if (role !== 'operator' || !removed.includes(user)) continue;
      if (serves(known.served(user), conversation.source ?? '')) continue;
      hub.exit(conversation.id, session);
      rooms.left(conversation.id, session);
    }
  }

  return {
    settings,
    tally,
    positions,
    rooms,
    clerk,
    staff,
    visitorLimiter: createRateLimiter({ rate: limits.visitorRate, now }),
    apply(outcome) {
      settings.apply(outcome);
      for (const change of changesOf(outcome)) changed(change);
      for (const members of membersOf(outcome)) putOut(members);
      if (outcome.type === 'delete' && outcome.chat !== undefined) chatRemoved(outcome.chat);
      if (outcome.type === 'desk-setting' || outcome.type === 'desk-setting-delete') clerk.room(outcome.namespace);
    },
    attended(namespace, operator) {
      tally.touch(namespace, operator);
      clerk.room(namespace);
    },
    closing(session) {
      const { namespace, user, role } = session.actor;
      const attends = role === 'operator' && hub.attendances(namespace).some((one) => one.session === session);
      return () => {
        rooms.closed(session);
        if (attends) tally.touchLater(namespace, user);
      };
    },
    close() {
      tally.close();
      positions.close();
      rooms.close();
    },
  };
}

function changesOf(outcome: Success): readonly ChatChange[] {
  switch (outcome.type) {
    case 'append':
    case 'cursor':
      return outcome.chat === undefined ? [] : [outcome.chat];
    case 'deliver':
      return outcome.moves.flatMap(({ chat }) => chat ?? []);
    case 'chat':
    case 'chat-open':
      return outcome.change === undefined ? [] : [outcome.change];
    case 'identify':
      return outcome.changes.map(({ change }) => change);
    default:
      return [];
  }
}

function membersOf(outcome: Success): readonly ChatMembers[] {
  if (outcome.type === 'members') return outcome.conversation.kind === 'support' ? [outcome] : [];
  if (outcome.type !== 'chat' && outcome.type !== 'chat-open') return [];
  return outcome.membersChanged === undefined ? [] : [outcome.membersChanged];
}

function waited({ status, operator }: ChatChange['before']): boolean {
  return status === 'new' && operator === 0;
}

function isOver({ status }: SupportChat): boolean {
  return status === 'closed';
}
