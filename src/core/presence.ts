/**
 * Who is online. A user is online with the first session and offline some seconds after the last one ended, so that a reload or a change of
 * network does not flap. Told to the users one shares a private conversation or a group with; never stored, but for the time last seen.
 */
import type { Hub } from './hub.ts';
import type { Id, Millis } from './model.ts';

export interface Presence {
  /** The user has a session again. */
  arrived(namespace: string, user: Id): void;
  /** The user's last session has ended. */
  departed(namespace: string, user: Id): void;
  /** The user is no more (erased): offline at once, whatever the sessions that are ending do meanwhile. */
  erased(namespace: string, user: Id): void;
  /** Online, or within the grace after the last session. */
  isOnline(namespace: string, user: Id): boolean;
  /** Ends all waiting: the server stops. */
  close(): void;
}

export function createPresence(deps: {
  hub: Pick<Hub, 'isOnline'>;
  grace: Millis;
  now: () => Millis;
  /** A change to tell and, when offline, to remember. */
  changed: (change: { namespace: string; user: Id; online: boolean; at: Millis }) => void;
}): Presence {
  const { hub, grace, now, changed } = deps;
  const leaving = new Map<string, NodeJS.Timeout>();
  /** Erased with sessions that have not ended yet. */
  const gone = new Set<string>();
  return {
    arrived(namespace, user) {
      const key = keyOf(namespace, user);
      const timer = leaving.get(key);
      if (timer !== undefined) {
        clearTimeout(timer);
        leaving.delete(key);
        return;
      }
      changed({ namespace, user, online: true, at: now() });
    },
    departed(namespace, user) {
      const key = keyOf(namespace, user);
      if (gone.delete(key)) return;
      const at = now();
      const timer = setTimeout(() => {
        leaving.delete(key);
        if (!hub.isOnline(namespace, user)) changed({ namespace, user, online: false, at });
      }, grace);
      timer.unref();
      leaving.set(key, timer);
    },
    erased(namespace, user) {
      const key = keyOf(namespace, user);
      const timer = leaving.get(key);
      if (timer !== undefined) {
        clearTimeout(timer);
        leaving.delete(key);
      } else {
        if (!hub.isOnline(namespace, user) || gone.has(key)) return;
        gone.add(key);
      }
      changed({ namespace, user, online: false, at: now() });
    },
    isOnline(namespace, user) {
      const key = keyOf(namespace, user);
      return leaving.has(key) || (hub.isOnline(namespace, user) && !gone.has(key));
    },
    close() {
      for (const timer of leaving.values()) clearTimeout(timer);
      leaving.clear();
    },
  };
}

function keyOf(namespace: string, user: Id): string {
  return `${user}/${namespace}`;
}
