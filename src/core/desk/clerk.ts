/**
 * Gives waiting chats to operators, where the widget says so: to the operator with the fewest, among equals to the one who was given none for
 * longest. Only operators who attend the desk, are available, serve the widget and the department, and have room are asked. What it decides is
 * checked in the transaction: a chat that somebody has taken meanwhile stays theirs.
 */
import type { Committer } from '../committer.ts';
import { ChatError } from '../errors.ts';
import type { Id, Millis, Origin } from '../model.ts';
import type { Log, Store } from '../ports.ts';
import type { SupportChat } from './model.ts';
import type { DeskSettings } from './settings.ts';
import { mayBeGiven } from './serving.ts';
import type { Ready, Staff } from './serving.ts';

/** Waiting chats looked at in one round; the rest are looked at when something changes again. */
const MAX_CHATS_PER_ROUND = 1_000;

const PAGE = 100;

/** Operators whose last assignment is remembered. */
const MAX_REMEMBERED = 10_000;

const SERVER: Origin = { door: 'server', session: 0 };

export interface Clerk {
  /** A chat waits, or some operator may have room now. */
  room(namespace: string): void;
  /** Resolves when nothing is left to decide. */
  idle(): Promise<void>;
}

/** An operator who may be given chats, and how many more. */
interface Free {
  readonly operator: Id;
  readonly ready: Ready;
  load: number;
}

export function createClerk(deps: {
  store: Pick<Store, 'chats' | 'operatorCounts'>;
  settings: DeskSettings;
  staff: (namespace: string) => Staff;
  committer: Pick<Committer, 'commit'>;
  now: () => Millis;
  log: Pick<Log, 'warn'>;
}): Clerk {
  const { store, settings, staff, committer, now, log } = deps;
  const assignedAt = new Map<string, Millis>();
  /** Rounds asked for while one is under way, by namespace. */
  const again = new Set<string>();
  const running = new Map<string, Promise<void>>();

  async function free(namespace: string): Promise<Free[]> {
    const present = staff(namespace);
    if (present.size === 0) return [];
    const counts = await store.operatorCounts(namespace, [...present.keys()]);
    return counts.flatMap(({ operator, newChats, openChats }) => {
      const ready = present.get(operator);
      return ready === undefined ? [] : [{ operator, ready, load: newChats + openChats }];
    });
  }

  /** The fairest: fewest chats, then longest without a new one. */
  function choose(namespace: string, among: readonly Free[], chat: SupportChat): Free | undefined {
    const since = ({ operator }: Free): Millis => assignedAt.get(`${operator}/${namespace}`) ?? 0;
    return among
      .filter(({ ready, load }) => mayBeGiven(ready, load, chat))
      .toSorted((one, other) => one.load - other.load || since(one) - since(other) || one.operator - other.operator)[0];
  }

  async function assign(chat: SupportChat, to: Free): Promise<void> {
    const { conversation, namespace } = chat;
    const { operator, ready } = to;
    try {
      const step = { kind: 'assign', operator, capacity: ready.capacity } as const;
      await committer.commit({ type: 'chat', conversation, user: 0, step, origin: SERVER });
      to.load += 1;
      if (assignedAt.size >= MAX_REMEMBERED) assignedAt.clear();
      assignedAt.set(`${operator}/${namespace}`, now());
    } catch (cause) {
      // Somebody was faster, or the operator has been given another: the next round decides on what is then.
      if (!(cause instanceof ChatError) || cause.code !== 'failed_precondition') throw cause;
    }
  }

  async function round(namespace: string): Promise<void> {
    const known = await settings.of(namespace);
    const sources = [...known.widgets.values()].filter(({ autoAssign }) => autoAssign).map(({ source }) => source);
    if (sources.length === 0) return;
    const operators = await free(namespace);
    const hasRoom = (): boolean => operators.some(({ load, ready }) => load < ready.capacity);
    let after = 0;
    for (let seen = 0; seen < MAX_CHATS_PER_ROUND && hasRoom(); seen += PAGE) {
      const page = await store.chats({ namespace, sources, operator: 0, order: 'waiting', after, limit: PAGE });
      for (const { scene, cursor } of page) {
        const chosen = choose(namespace, operators, scene.chat);
        if (chosen !== undefined) await assign(scene.chat, chosen);
        after = cursor;
      }
      if (page.length < PAGE) return;
    }
  }

  function start(namespace: string): void {
    if (running.has(namespace)) {
      again.add(namespace);
      return;
    }
    const work = round(namespace)
      .catch((cause: unknown) =>
        log.warn({ err: cause }, 'waiting chats could not be given to operators; it will be tried again'),
      )
      .finally(() => {
        running.delete(namespace);
        if (again.delete(namespace)) start(namespace);
      });
    running.set(namespace, work);
  }

  return {
    room: start,
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}
