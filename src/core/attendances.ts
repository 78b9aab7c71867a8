/** Which live sessions of operators hear the support chats of which widgets. */
import { serves } from './desk/serving.ts';
import type { Sources } from './desk/serving.ts';
import type { Session } from './session.ts';

/** An operator's session that hears the chats of some widgets without being a member of any. */
export interface Attendance {
  readonly session: Session;
  /** Widgets that it hears of. */
  readonly sources: Sources;
  /** Departments that it serves, as told to back ends: they limit nothing that is heard. */
  readonly departments: Sources;
  /** What it asked for: its operator's profile may let it hear less. */
  readonly asked: { readonly sources: readonly string[]; readonly departments: readonly string[] };
}

export interface Attendances {
  attend(attendance: Attendance): void;
  leave(session: Session): void;
  of(namespace: string): readonly Attendance[];
  /** Grows whenever somebody comes, goes, or hears of other widgets. */
  readonly changes: number;
  get(session: Session): Attendance | undefined;
  /** Sessions that serve `source` and `widget`; undefined: any. */
  attending(namespace: string, source: string | undefined, widget: string | undefined): readonly Session[];
}

/** Lists of sessions kept for the fan-out: there are as many as widgets. Past it they are made again. */
const MAX_LISTS = 1_000;

export function createAttendances(): Attendances {
  const attendances = new Map<string, Map<Session, Attendance>>();
  const lists = new Map<string, readonly Session[]>();
  let changes = 0;

  function changed(): void {
    changes += 1;
    lists.clear();
  }

  return {
    attend(attendance) {
      const { namespace } = attendance.session.actor;
      let known = attendances.get(namespace);
      if (known === undefined) attendances.set(namespace, (known = new Map<Session, Attendance>()));
      known.set(attendance.session, attendance);
      changed();
    },
    leave(session) {
      const { namespace } = session.actor;
      const known = attendances.get(namespace);
      if (known?.delete(session) !== true) return;
      if (known.size === 0) attendances.delete(namespace);
      changed();
    },
    of: (namespace) => [...(attendances.get(namespace)?.values() ?? [])],
    get changes() {
      return changes;
    },
    get: (session) => attendances.get(session.actor.namespace)?.get(session),
    attending(namespace, source, widget) {
      const known = attendances.get(namespace);
      if (known === undefined) return [];
      const key = JSON.stringify([namespace, source, widget]);
      const list = lists.get(key);
      if (list !== undefined) return list;
      const asked = [source, widget].filter((one) => one !== undefined);
      const some = [...known.values()].filter(({ sources }) => asked.every((one) => serves(sources, one)));
      const sessions = some.map(({ session }) => session);
      if (lists.size >= MAX_LISTS) lists.clear();
      lists.set(key, sessions);
      return sessions;
    },
  };
}
