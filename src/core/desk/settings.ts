/** The desk's settings in memory, one copy per namespace, brought up to date by every committed change. What is not set has a default. */
import type { Sources } from './serving.ts';
import type { OperatorsServe } from '../limits.ts';
import type { Id } from '../model.ts';
import type { Store, Success } from '../ports.ts';
import type { CannedReply, Department, DeskSetting, OperatorProfile, Widget } from './model.ts';

/** Chats an operator who has no profile is given at a time: what one person can follow. */
export const DEFAULT_CAPACITY = 5;

/** Files in one message, and bytes of one, where the widget says nothing. */
const DEFAULT_ATTACHMENTS = { maxCount: 10, maxBytes: 25 * 1024 * 1024, types: [] };

export interface Settings {
  /** A widget that is not set is one that restricts nothing. */
  widget(source: string): Widget;
  /** Only those that are set. */
  readonly widgets: ReadonlyMap<string, Widget>;
  readonly departments: ReadonlyMap<string, Department>;
  profile(user: Id): OperatorProfile;
  /** Widgets whose chats an operator sees and is given. */
  served(user: Id): Sources;
  /** Departments whose chats an operator is given. */
  servedDepartments(user: Id): Sources;
  readonly profiles: ReadonlyMap<Id, OperatorProfile>;
  readonly replies: ReadonlyMap<Id, CannedReply>;
}

export interface DeskSettings {
  /** What is set in a namespace: at once when it is in memory. */
  of(namespace: string): Settings | Promise<Settings>;
  /** From memory; the defaults where nothing was loaded yet. */
  peek(namespace: string): Settings;
  /** Grows with every change. */
  readonly changes: number;
  apply(outcome: Success): void;
}

interface Kept extends Settings {
  readonly widgets: Map<string, Widget>;
  readonly departments: Map<string, Department>;
  readonly profiles: Map<Id, OperatorProfile>;
  readonly replies: Map<Id, CannedReply>;
}

export function createDeskSettings(deps: {
  store: Pick<Store, 'deskSettings'>;
  /** What an operator serves to whom no widgets were assigned. */
  operatorsServe: OperatorsServe;
}): DeskSettings {
  const unassigned = deps.operatorsServe === 'all' ? 'all' : [];
  const nothing = empty(unassigned);
  const namespaces = new Map<string, Kept>();
  let changes = 0;

  async function load(namespace: string): Promise<Settings> {
    for (;;) {
      const before = changes;
      const stored = await deps.store.deskSettings(namespace);
      // A change committed meanwhile may be missing from what was read.
      if (changes !== before) continue;
      const kept = namespaces.get(namespace) ?? empty(unassigned);
      for (const setting of stored) put(kept, setting);
      namespaces.set(namespace, kept);
      return kept;
    }
  }

  return {
    of: (namespace) => namespaces.get(namespace) ?? load(namespace),
    peek: (namespace) => namespaces.get(namespace) ?? nothing,
    get changes() {
      return changes;
    },
    apply(outcome) {
      if (outcome.type !== 'desk-setting' && outcome.type !== 'desk-setting-delete') return;
      changes += 1;
      const kept = namespaces.get(outcome.namespace);
      if (kept === undefined) return;
      if (outcome.type === 'desk-setting') put(kept, outcome.setting);
      else remove(kept, outcome);
    },
  };
}

function empty(unassigned: Sources): Kept {
  const widgets = new Map<string, Widget>();
  const profiles = new Map<Id, OperatorProfile>();
  const allWhereNone = (names: readonly string[]): Sources => (names.length === 0 ? 'all' : names);
  const profile = (user: Id): OperatorProfile => profiles.get(user) ?? defaultProfile(user);
  return {
    widgets,
    profiles,
    departments: new Map<string, Department>(),
    replies: new Map<Id, CannedReply>(),
    widget: (source) => widgets.get(source) ?? defaultWidget(source),
    profile,
    served(user) {
      const { sources } = profile(user);
      return sources === undefined ? unassigned : allWhereNone(sources);
    },
    servedDepartments: (user) => allWhereNone(profile(user).departments),
  };
}

function put(kept: Kept, setting: DeskSetting): void {
  switch (setting.kind) {
    case 'widget':
      kept.widgets.set(setting.name, setting.value);
      return;
    case 'department':
      kept.departments.set(setting.name, setting.value);
      return;
    case 'operator':
      kept.profiles.set(setting.value.user, setting.value);
      return;
    case 'reply':
      kept.replies.set(setting.value.id, setting.value);
  }
}

function remove(kept: Kept, { kind, name }: { readonly kind: DeskSetting['kind']; readonly name: string }): void {
  if (kind === 'widget') kept.widgets.delete(name);
  else if (kind === 'department') kept.departments.delete(name);
  else if (kind === 'operator') kept.profiles.delete(Number(name));
  else kept.replies.delete(Number(name));
}

export function defaultWidget(source: string): Widget {
  return {
    source,
    title: '',
    origins: [],
    attachments: DEFAULT_ATTACHMENTS,
    typingPreview: true,
    department: '',
    autoAssign: false,
    replies: 'anyone',
  };
}

export function defaultProfile(user: Id): OperatorProfile {
  return { user, departments: [], capacity: DEFAULT_CAPACITY, available: true };
}
