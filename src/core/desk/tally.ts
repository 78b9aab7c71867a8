/**
 * Tells operators how many chats there are. Counts come out of the transaction that changed them; many changes in a row are told once, with the
 * last counts. What a back end has supplied is not overruled by ours (wire.md section 4).
 */
import type { Directory } from '../directory.ts';
import type { DeskDelivery } from '../events.ts';
import type { Hub } from '../hub.ts';
import type { Id, Millis } from '../model.ts';
import type { Bus, Log, Store } from '../ports.ts';
import type { ChatChange, OperatorCounts } from './model.ts';

/** Changes within this time are told together: nobody reads faster. Milliseconds. */
const TELL_EVERY_MS = 50;

export interface Tally {
  /** What a committed change has moved. */
  add(change: ChatChange): void;
  /** An operator came or went, or has another name. */
  touch(namespace: string, operator: Id): void;
  /** The same, when the time in which a reload comes back has passed. */
  touchLater(namespace: string, operator: Id): void;
  /** A back end says how many chats an operator has. */
  supplyOperator(namespace: string, operator: Id): void;
  /** A back end says how many chats are unread. */
  supplyUnread(namespace: string): void;
  close(): void;
}

interface Untold {
  readonly operators: Map<Id, OperatorCounts | undefined>;
  unread: Readonly<Record<string, number>> | undefined;
}

export function createTally(deps: {
  hub: Pick<Hub, 'attendances'>;
  bus: Pick<Bus, 'publish'>;
  store: Pick<Store, 'operatorCounts'>;
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
    const fresh: Untold = { operators: new Map(), unread: undefined };
    untold.set(namespace, fresh);
    later(TELL_EVERY_MS, () => {
      untold.delete(namespace);
      tell(namespace, fresh).catch((cause: unknown) => log.warn({ err: cause }, 'counts of the desk could not be told'));
    });
    return fresh;
  }

  async function tell(namespace: string, { operators, unread }: Untold): Promise<void> {
    if (unread !== undefined) publish(namespace, { kind: 'unread', bySource: unread });
    for (const [operator, counts] of operators) {
      const user = await directory.user(namespace, operator);
      if (user === undefined || suppliedOperators.has(`${operator}/${namespace}`)) continue;
      const [now = { operator, newChats: 0, openChats: 0 }] =
        counts === undefined ? await store.operatorCounts(namespace, [operator]) : [counts];
      const online = hub.attendances(namespace).some(({ session }) => session.actor.user === operator);
      publish(namespace, { kind: 'operator', user, online, newChats: now.newChats, openChats: now.openChats });
    }
  }

  function publish(namespace: string, news: DeskDelivery['news']): void {
    bus.publish({ type: 'desk', namespace, news, to: { operators: 'all' }, from: 0 });
  }

  function touch(namespace: string, operator: Id): void {
    // Counts that a change has moved meanwhile are the newer ones.
    const { operators } = pending(namespace);
    operators.set(operator, operators.get(operator));
  }

  return {
    add({ conversation: { namespace }, counts, unread }) {
      if (counts.length === 0 && unread === undefined) return;
      const { operators } = pending(namespace);
      for (const one of counts) operators.set(one.operator, one);
      if (unread !== undefined && !suppliedUnread.has(namespace)) pending(namespace).unread = unread;
    },
    touch,
    touchLater: (namespace, operator) => later(grace, () => touch(namespace, operator)),
    supplyOperator: (namespace, operator) => void suppliedOperators.add(`${operator}/${namespace}`),
    supplyUnread: (namespace) => void suppliedUnread.add(namespace),
    close() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
