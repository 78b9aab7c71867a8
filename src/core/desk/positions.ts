/**
 * Tells waiting clients how many are before them. A queue is looked through once for all changes of a moment, and only those are told who are in
 * their chat and whose place is another than the one they were told last.
 */
import type { Directory } from '../directory.ts';
import type { Hub } from '../hub.ts';
import type { Id, Millis } from '../model.ts';
import type { Bus, Log, Store } from '../ports.ts';
import type { SupportChat } from './model.ts';

/** Changes of a queue within this time are told together. */
const TELL_EVERY_MS: Millis = 250;

/** Who waits farther behind is not told a place that means nothing. */
const MAX_PLACES = 10_000;

type Queue = Pick<SupportChat, 'namespace' | 'source' | 'department'>;

export interface Positions {
  /** The queue has changed. */
  changed(queue: Queue): void;
  /** Somebody has come into a chat of the queue, who has been told nothing yet. */
  arrived(chat: Queue & Pick<SupportChat, 'conversation'>): void;
  close(): void;
}

export function createPositions(deps: {
  hub: Pick<Hub, 'insideOf'>;
  bus: Pick<Bus, 'publish'>;
  store: Pick<Store, 'queue'>;
  directory: Pick<Directory, 'conversation'>;
  log: Pick<Log, 'warn'>;
}): Positions {
  const { hub, bus, store, directory, log } = deps;
  const timers = new Map<string, NodeJS.Timeout>();
  /** Chats whose place may have been told, by queue; and the place. */
  const told = new Map<string, Map<Id, number>>();

  async function tell(key: string, namespace: string, source: string, department: string): Promise<void> {
    const before = told.get(key) ?? new Map<Id, number>();
    const after = new Map<Id, number>();
    const queue = await store.queue(namespace, source, department, MAX_PLACES);
    for (const [at, id] of queue.entries()) if (hub.insideOf(id).length > 0) after.set(id, at + 1);
    if (after.size === 0) told.delete(key);
    else told.set(key, after);
    for (const [id, position] of after) if (before.get(id) !== position) await publish(namespace, id, position);
    const waiting = new Set(queue);
    for (const id of before.keys()) if (!waiting.has(id)) await publish(namespace, id, 0);
  }

  async function publish(namespace: string, id: Id, position: number): Promise<void> {
    const conversation = await directory.conversation(id);
    if (conversation === undefined) return;
    const news = { kind: 'position' as const, conversation, position };
    bus.publish({ type: 'desk', namespace, news, to: { conversation, desk: false }, from: 0 });
  }

  function changed({ namespace, source, department }: Queue): void {
    const key = keyOf({ namespace, source, department });
    if (timers.has(key)) return;
    const timer = setTimeout(() => {
      timers.delete(key);
      tell(key, namespace, source, department).catch((cause: unknown) => {
        log.warn({ err: cause }, 'places in the queue could not be told');
      });
    }, TELL_EVERY_MS);
    timer.unref();
    timers.set(key, timer);
  }

  return {
    changed,
    arrived(chat) {
      told.get(keyOf(chat))?.delete(chat.conversation);
      changed(chat);
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}

function keyOf({ namespace, source, department }: Queue): string {
  return JSON.stringify([namespace, source, department]);
}
