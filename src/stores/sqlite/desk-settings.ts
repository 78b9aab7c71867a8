/** The desk's settings: few and small, kept as they are. */
import type { DeleteDeskSetting, DeskSetting, DeskSettingKind, IdSource, Outcome, SaveDeskSetting } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import { parseSetting, query, statement } from './statements.ts';

export interface DeskSettings {
  save(operation: SaveDeskSetting): Outcome;
  delete(operation: DeleteDeskSetting): Outcome;
  all(namespace: string): readonly DeskSetting[];
}

export function createDeskSettings(deps: { db: Database; ids: IdSource; namespaces: Namespaces }): DeskSettings {
  const { db, ids, namespaces } = deps;
  const write = statement(db, 'INSERT OR REPLACE INTO desk_setting (namespace, kind, name, value) VALUES (?, ?, ?, ?)');
  const remove = statement(db, 'DELETE FROM desk_setting WHERE namespace = ? AND kind = ? AND name = ?');
  const readAll = query<{ kind: DeskSettingKind; name: string; value: string }>(
    db,
    'SELECT kind, name, value FROM desk_setting WHERE namespace = ? ORDER BY kind, name',
  );

  /** A new canned reply is named by an id of ours. */
  function named(setting: DeskSetting): DeskSetting {
    if (setting.kind !== 'reply' || setting.value.id !== 0) return setting;
    const id = ids.next();
    return { kind: 'reply', name: String(id), value: { ...setting.value, id } };
  }

  return {
    save(operation) {
      const setting = named(operation.setting);
      write.run(namespaces.ensure(operation.namespace), setting.kind, setting.name, JSON.stringify(setting.value));
      return { type: 'desk-setting', namespace: operation.namespace, setting };
    },
    delete({ namespace, kind, name }) {
      const deleted = remove.run(namespaces.number(namespace), kind, name) > 0;
      return { type: 'desk-setting-delete', namespace, kind, name, deleted };
    },
    all: (namespace) => readAll.all(namespaces.number(namespace)).map(parseSetting),
  };
}
