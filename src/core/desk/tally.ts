/**
 * Tells operators how many chats there are. What has moved counts is known from what was committed; many changes in a row are told once, with the
 * counts that are stored then. What a back end has supplied is not overruled by ours (wire.md section 4).
 */
import type { Directory } from '../directory.ts';
import type { DeskDelivery } from '../events.ts';
import type { Hub } from '../hub.ts';
import type { Id, Millis } from '../model.ts';
import type { Bus, Log, Store } from '../ports.ts';
import type { ChatChange, SupportChat } from './model.ts';

/** Changes within this time are told together: nobody reads faster. Milliseconds. */
const TELL_EVERY_MS = 50;

export interface Tally {
  /** What a committed change has moved. */
  add(change: ChatChange): void;
  /** An operator came or went, or has another name. */
  touch(namespace: string, operator: Id): void;
  /** An operator may have other counts, and sees other chats: what is unread among them is told again. */
  profileChanged(namespace: string, operator: Id): void;
  /** A chat is gone with its conversation. */
  removed(chat: SupportChat): void;
  /** Somebody came or went: told when the time in which a reload comes back has passed. */
  touchLater(namespace: string, operator: Id): void;
  /** A back end says how many chats an operator has. */
  supplyOperator(namespace: string, operator: Id): void;
  /** A back end says how many chats are unread. */
  supplyUnread(namespace: string): void;
  close(): void;
}

interface Untold {
  readonly operators: Set<Id>;
  unread: boolean;
}

export function createTally(deps: {
  hub: Pick<Hub, 'attendances'>;
  bus: Pick<Bus, 'publish'>;
  store: Pick<Store, 'operatorCounts' | 'unreadChats'>;
  directory: Pick<Directory, 'user'>;
  grace: Millis;
  log: Pick<Log, 'warn'>;
}): Tally {
  const { hub, bus, store, directory, grace, log } = deps;
  const untold = new Map<string, Untold>();
  const suppliedOperators = new Set<string>();
  const suppliedUnread = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();

  function later(ms: Millis, work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timer.unref();
    timers.add(timer);
  }

  function pending(namespace: string): Untold {
    const known = untold.get(namespace);
    if (known !== undefined) return known;
    const fresh: Untold = { operators: new Set(), unread: false };
    untold.set(namespace, fresh);
    later(TELL_EVERY_MS, () => {
      untold.delete(namespace);
      tell(namespace, fresh).catch((cause: unknown) => log.warn({ err: cause }, 'counts of the desk could not be told'));
    });
    return fresh;
  }

  async function tell(namespace: string, { operators, unread }: Untold): Promise<void> {
    if (unread) publish(namespace, { kind: 'unread', bySource: await store.unreadChats(namespace) });
    const own = [...operators].filter((operator) => !suppliedOperators.has(`${operator}/${namespace}`));
    for (const { operator, newChats, openChats } of await store.operatorCounts(namespace, own)) {
      const user = await directory.user(namespace, operator);
      if (user === undefined) continue;
      const online = hub.attendances(namespace).some(({ session }) => session.actor.user === operator);
      publish(namespace, { kind: 'operator', user, online, newChats, openChats });
    }
  }

  function publish(namespace: string, news: DeskDelivery['news']): void {
    bus.publish({ type: 'desk', namespace, news, to: { operators: 'all' }, from: 0 });
  }

  const touch = (namespace: string, operator: Id): void => void pending(namespace).operators.add(operator);

  function touchUnread(namespace: string): void {
    if (!suppliedUnread.has(namespace)) pending(namespace).unread = true;
  }

  return {
    add({ conversation: { namespace }, counted, unreadMoved }) {
      for (const operator of counted) touch(namespace, operator);
      if (unreadMoved) touchUnread(namespace);
    },
    touch,
    profileChanged(namespace, operator) {
      touch(namespace, operator);
      touchUnread(namespace);
    },
    removed({ namespace, operator, unread }) {
      if (operator !== 0) touch(namespace, operator);
      if (unread) touchUnread(namespace);
    },
    touchLater: (namespace, operator) => later(grace, () => touch(namespace, operator)),
    supplyOperator: (namespace, operator) => void suppliedOperators.add(`${operator}/${namespace}`),
    supplyUnread: (namespace) => void suppliedUnread.add(namespace),
    close() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
