/**
 * Operators who may be given chats now: who attend the desk and are available. It goes to the store as data with what may give a chat to somebody,
 * so that giving it is one step with what caused it.
 */
import type { Hub } from '../hub.ts';
import type { Staff } from './serving.ts';
import type { DeskSettings } from './settings.ts';

/** Namespaces whose staff is kept; past it all are made again. */
const MAX_NAMESPACES = 1_000;

/** The staff of a namespace as it is at this moment: made anew only when somebody came, went, or serves something else. */
export function createStaff(deps: {
  hub: Pick<Hub, 'attendances' | 'attendanceChanges'>;
  settings: DeskSettings;
}): (namespace: string) => Staff {
  const { hub, settings } = deps;
  const kept = new Map<string, Staff>();
  let attendanceChanges = 0;
  let settingsChanges = 0;

  function make(namespace: string): Staff {
    // Whoever attends has had the settings loaded (attendDesk).
    const known = settings.peek(namespace);
    const present = hub.attendances(namespace).map(({ session }) => session.actor.user);
    const available = [...new Set(present)].filter((operator) => known.profile(operator).available);
    return new Map(
      available.map((operator) => {
        const { capacity } = known.profile(operator);
        return [operator, { capacity, sources: known.served(operator), departments: known.servedDepartments(operator) }];
      }),
    );
  }

  return (namespace) => {
    if (attendanceChanges !== hub.attendanceChanges || settingsChanges !== settings.changes || kept.size > MAX_NAMESPACES) {
      kept.clear();
      attendanceChanges = hub.attendanceChanges;
      settingsChanges = settings.changes;
    }
    const known = kept.get(namespace);
    if (known !== undefined) return known;
    const staff = make(namespace);
    kept.set(namespace, staff);
    return staff;
  };
}
