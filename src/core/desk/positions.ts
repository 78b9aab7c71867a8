/**
 * Tells waiting clients how many are before them. A queue is looked at only when somebody in it is in their chat, once for all changes of a moment,
 * and no farther than `MAX_PLACES`; and only those are told whose place is another than the one they were told last. What is told is exact: whoever
 * waits farther behind is told nothing until it means something.
 */
import type { Directory } from '../directory.ts';
import type { Hub } from '../hub.ts';
import type { Id, Millis } from '../model.ts';
import type { Bus, Log, Store } from '../ports.ts';
import type { SupportChat } from './model.ts';

/** Changes of a queue within this time are told together. */
const TELL_EVERY_MS: Millis = 250;

/** Places that are told: so many rows a look reads at the most, and so many clients it tells. */
export const MAX_PLACES = 1_000;

type Queue = Pick<SupportChat, 'namespace' | 'source' | 'department'>;
type Waiting = Queue & Pick<SupportChat, 'conversation'>;

export interface Positions {
  /** The queue that this chat is in, or was in until now, has changed. */
  changed(chat: Waiting): void;
  /** A queue that a chat has left for another has changed. */
  left(queue: Queue): void;
  /** Somebody has come into a chat of the queue, who has been told nothing yet. */
  arrived(chat: Waiting): void;
  close(): void;
}

/** A chat whose client is there, and what the client was told last: 0 for nothing. */
interface Watched {
  readonly key: string;
  readonly told: number;
}

export function createPositions(deps: {
  hub: Pick<Hub, 'insideOf'>;
  bus: Pick<Bus, 'publish'>;
  store: Pick<Store, 'queue' | 'scene'>;
  directory: Pick<Directory, 'conversation'>;
  log: Pick<Log, 'warn'>;
}): Positions {
  const { hub, bus, store, directory, log } = deps;
  const timers = new Map<string, NodeJS.Timeout>();
  const watched = new Map<Id, Watched>();
  /** The same, by the queue they were in when they were last heard of. */
  const queues = new Map<string, Set<Id>>();

  function watch(id: Id, key: string, told: number): void {
    forget(id);
    watched.set(id, { key, told });
    const queue = queues.get(key) ?? new Set<Id>();
    queues.set(key, queue.add(id));
  }

  function forget(id: Id): void {
    const known = watched.get(id);
    if (known === undefined) return;
    watched.delete(id);
    const queue = queues.get(known.key);
    queue?.delete(id);
    if (queue?.size === 0) queues.delete(known.key);
  }

  async function tell(key: string, { namespace, source, department }: Queue): Promise<void> {
    for (const id of watchedIn(key)) if (hub.insideOf(id).length === 0) forget(id);
    if (!queues.has(key)) return;
    const first = await store.queue(namespace, source, department, MAX_PLACES);
    const places = new Map(first.map((id, at) => [id, at + 1]));
    for (const id of watchedIn(key)) {
      const place = places.get(id);
      const known = watched.get(id);
      // Meanwhile it may have gone, or into another queue, where it is told.
      if (known?.key !== key || known.told === place) continue;
      if (place !== undefined) {
        watch(id, key, place);
        await publish(namespace, id, place);
      } else if (known.told !== 0) await gone(namespace, id, key);
      else if (first.length < MAX_PLACES) forget(id);
    }
  }

  /** It was told a place, and is not among the first any more: it waits no longer, or has gone to the end of a long queue. */
  async function gone(namespace: string, id: Id, key: string): Promise<void> {
    const waits = (await store.scene(id))?.chat.queuedAt !== undefined;
    if (waits) {
      watch(id, key, 0);
      return;
    }
    forget(id);
    await publish(namespace, id, 0);
  }

  function watchedIn(key: string): readonly Id[] {
    return [...(queues.get(key) ?? [])];
  }

  async function publish(namespace: string, id: Id, position: number): Promise<void> {
    const conversation = await directory.conversation(id);
    if (conversation === undefined) return;
    const news = { kind: 'position' as const, conversation, position };
    bus.publish({ type: 'desk', namespace, news, to: { conversation, desk: false }, from: 0 });
  }

  function later(key: string, queue: Queue): void {
    if (timers.has(key)) return;
    const timer = setTimeout(() => {
      timers.delete(key);
      tell(key, queue).catch((cause: unknown) => log.warn({ err: cause }, 'places in the queue could not be told'));
    }, TELL_EVERY_MS);
    timer.unref();
    timers.set(key, timer);
  }

  return {
    left: (queue) => later(keyOf(queue), queue),
    changed(chat) {
      const key = keyOf(chat);
      const known = watched.get(chat.conversation);
      // Moved to another queue it is told its place there, and not that it waits no longer.
      if (known !== undefined ? known.key !== key : hub.insideOf(chat.conversation).length > 0) {
        watch(chat.conversation, key, known?.told ?? 0);
      }
      later(key, chat);
    },
    arrived(chat) {
      const key = keyOf(chat);
      watch(chat.conversation, key, 0);
      later(key, chat);
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      watched.clear();
      queues.clear();
    },
  };
}

function keyOf({ namespace, source, department }: Queue): string {
  return JSON.stringify([namespace, source, department]);
}
