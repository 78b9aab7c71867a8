/**
 * The frames and bodies of the desk's documents, member for member as they print them (seed 004), with those that the newer version adds (seed 003;
 * their data as wire.md section 4 has them), and how what a server says is compared with them.
 */

const user = { id: 0, role: 'user', avatar: 'string', lastname: 'string', firstname: 'string', patronymic: 'string' };

export const CHAT = {
  uuid: 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de',
  widget: { source: 'lk' },
  status: 'new',
  owner_user: user,
  operator_user: user,
};

const attachment = {
  uuid: '3f439f10-9c19-4bd4-81a8-d6e048b97ba4',
  type: 'image',
  url: 'string',
  url_preview: 'string',
  filename: 'gold sphere_2.gif',
  extension: 'gif',
  size: 1_614_977,
};

export const MESSAGE = {
  id: 0,
  type: 'standard',
  type_role: 'user',
  status: 'new',
  text: 'string',
  send_time: '2025-01-20T16:31:04+03:00',
  message_index: 0,
  chat: CHAT,
  user,
  attachments: [attachment],
};

export const OPERATOR = { user, is_online: true, new_chats: 0, open_chats: 0 };
export const GLOBAL = { unread_chats: 0 };
export const ONLINE_USER = { user_id: 0, widget_sources: ['lk'], department_sources: ['string'] };
export const SUCCESS = { success: true };

/** What clients and operators send. */
export const FROM_CLIENTS = {
  send_message: { text: 'string', attachments: ['3f439f10-9c19-4bd4-81a8-d6e048b97ba4'] },
  mark_message_delivered: { message_id: 0 },
  mark_message_read: { message_id: 0 },
  update_typing: { text: 'string', stopped: true },
} as const;

/** What the server sends. */
export const FROM_SERVER = {
  message_added: { message: MESSAGE },
  message_not_added: { code: 'string', message: 'string', text: 'string', attachments: ['string'] },
  message_updated: { message: MESSAGE },
  user_connected: { user },
  user_disconnected: { user },
  chat_updated: { chat: CHAT },
  operator_updated: OPERATOR,
  typing_updated: { text: 'string', stopped: true, chat_id: CHAT.uuid, user },
  global_updated: GLOBAL,
  chat_notification: { chat: CHAT },
} as const satisfies Readonly<Record<string, object>>;

export type ServerFrame = keyof typeof FROM_SERVER;

const FORMS = [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/];

/** Nobody: a chat that no operator has. */
const MAY_BE_NOBODY = /\.(owner_user|operator_user)$/;

/** In what something differs from the document: names, types and forms of members, on every level. Values are its own. */
export function differences(documented: unknown, told: unknown, path = ''): string[] {
  if (told === null && MAY_BE_NOBODY.test(path)) return [];
  if (Array.isArray(documented)) {
    if (!Array.isArray(told)) return [`${path}: is no list`];
    return told.flatMap((one, at) => differences(documented[0], one, `${path}.${at}`));
  }
  if (typeof documented === 'object' && documented !== null) {
    if (typeof told !== 'object' || told === null || Array.isArray(told)) return [`${path}: is no object`];
    const [wanted, given] = [documented as Record<string, unknown>, told as Record<string, unknown>];
    const added = Object.keys(given).filter((name) => !Object.hasOwn(wanted, name));
    return [
      ...added.map((name) => `${path}.${name}: is in no document`),
      ...Object.keys(wanted).flatMap((name) =>
        Object.hasOwn(given, name) ? differences(wanted[name], given[name], `${path}.${name}`) : [`${path}.${name}: is missing`],
      ),
    ];
  }
  if (typeof told !== typeof documented) return [`${path}: is ${typeof told}, not ${typeof documented}`];
  if (typeof told === 'number' && !Number.isInteger(told)) return [`${path}: is no whole number`];
  const form = FORMS.find((one) => one.test(String(documented)));
  return form?.test(String(told)) === false ? [`${path}: ${String(told)} has another form`] : [];
}

/** Whether everything the document shows is there: every person, and at least one entry of every list. */
export function isWhole(documented: unknown, told: unknown): boolean {
  if (Array.isArray(documented)) return Array.isArray(told) && told.length > 0 && isWhole(documented[0], told[0]);
  if (typeof documented !== 'object' || documented === null) return true;
  return Object.entries(documented).every(
    ([name, value]) => told !== null && isWhole(value, (told as Record<string, unknown>)[name]),
  );
}
