/**
 * Gives waiting chats to operators: a chat that opened again to the operator who had it, and, where the widget says so, any chat to the operator
 * with the fewest, among equals to the one who was given none for longest. Only operators who attend the desk, are available, serve the widget
 * and the department, and have room are asked. What it decides is checked in the transaction: a chat that somebody has taken meanwhile stays theirs.
 */
import { serves } from '../attendances.ts';
import type { Committer } from '../committer.ts';
import { ChatError } from '../errors.ts';
import type { Hub } from '../hub.ts';
import type { Id, Millis, Origin } from '../model.ts';
import type { Log, Store } from '../ports.ts';
import type { SupportChat } from './model.ts';
import type { DeskSettings, Settings } from './settings.ts';

/** Waiting chats looked at in one round; the rest are looked at when something changes again. */
const MAX_CHATS_PER_ROUND = 1_000;

const PAGE = 100;

/** Operators whose last assignment is remembered. */
const MAX_REMEMBERED = 10_000;

const SERVER: Origin = { door: 'server', session: 0 };

export interface Clerk {
  /** The chat waits. */
  waiting(chat: SupportChat, reopened: boolean): void;
  /** Some operator may have room now. */
  room(namespace: string): void;
  /** Resolves when nothing is left to decide. */
  idle(): Promise<void>;
}

/** An operator who may be given chats, and how many more. */
interface Free {
  readonly operator: Id;
  readonly capacity: number;
  load: number;
}

export function createClerk(deps: {
  hub: Pick<Hub, 'attendances'>;
  store: Pick<Store, 'chats' | 'operatorCounts'>;
  settings: DeskSettings;
  committer: Pick<Committer, 'commit'>;
  now: () => Millis;
  log: Pick<Log, 'warn'>;
}): Clerk {
  const { hub, store, settings, committer, now, log } = deps;
  const assignedAt = new Map<string, Millis>();
  /** Rounds asked for while one is under way, by namespace. */
  const again = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const single = new Set<Promise<void>>();

  async function free(namespace: string, known: Settings): Promise<Free[]> {
    const online = new Set(hub.attendances(namespace).map(({ session }) => session.actor.user));
    const available = [...online].filter((operator) => known.profile(operator).available);
    if (available.length === 0) return [];
    const counts = await store.operatorCounts(namespace, available);
    return counts.map(({ operator, newChats, openChats }) => {
      return { operator, capacity: known.profile(operator).capacity, load: newChats + openChats };
    });
  }

  function mayServe(known: Settings, { operator, load, capacity }: Free, chat: SupportChat): boolean {
    const { sources, departments } = known.profile(operator);
    const department = departments.length === 0 || chat.department === '' || departments.includes(chat.department);
    return load < capacity && department && serves(sources.length === 0 ? 'all' : sources, chat.source);
  }

  /** The fairest: fewest chats, then longest without a new one. */
  function choose(namespace: string, known: Settings, among: readonly Free[], chat: SupportChat): Free | undefined {
    const since = ({ operator }: Free): Millis => assignedAt.get(`${operator}/${namespace}`) ?? 0;
    return among
      .filter((one) => mayServe(known, one, chat))
      .toSorted((one, other) => one.load - other.load || since(one) - since(other) || one.operator - other.operator)[0];
  }

  async function assign(chat: SupportChat, to: Free, open: boolean): Promise<void> {
    const { conversation, namespace } = chat;
    const { operator, capacity } = to;
    try {
      const step = { kind: 'assign', operator, capacity, open } as const;
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
    const operators = await free(namespace, known);
    const hasRoom = (): boolean => operators.some(({ load, capacity }) => load < capacity);
    let after = 0;
    for (let seen = 0; seen < MAX_CHATS_PER_ROUND && hasRoom(); seen += PAGE) {
      const page = await store.chats({ namespace, sources, operator: 0, order: 'waiting', after, limit: PAGE });
      for (const { scene, cursor } of page) {
        const chosen = choose(namespace, known, operators, scene.chat);
        if (chosen !== undefined) await assign(scene.chat, chosen, false);
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

  /** To the operator who had it before, if there is room; else it waits like any other. */
  async function giveBack(chat: SupportChat): Promise<void> {
    const known = await settings.of(chat.namespace);
    const last = (await free(chat.namespace, known)).find(({ operator }) => operator === chat.lastOperator);
    if (last !== undefined && mayServe(known, { ...last }, chat)) await assign(chat, last, true);
    start(chat.namespace);
  }

  return {
    waiting(chat, reopened) {
      if (!reopened || chat.lastOperator === 0) {
        start(chat.namespace);
        return;
      }
      const work = giveBack(chat)
        .catch((cause: unknown) => log.warn({ err: cause }, 'a chat could not be given back to its operator; it waits'))
        .finally(() => void single.delete(work));
      single.add(work);
    },
    room: start,
    async idle() {
      while (running.size + single.size > 0) await Promise.all([...running.values(), ...single]);
    },
  };
}
