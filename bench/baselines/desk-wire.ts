/** The support desk's frames (docs/protocols/support.md), as little as its baseline server needs; it trusts what it reads. */
import type { RawData } from 'ws';

interface Said {
  readonly text: string;
  readonly client_id: string;
}

/** What a client says: the data of its `send_message`. */
export function parseSaid(data: RawData): Said {
  return (JSON.parse(Buffer.isBuffer(data) ? data.toString() : '') as { readonly data: Said }).data;
}

export interface Told {
  readonly number: number;
  readonly text: string;
  readonly chat: string;
  readonly user: number;
  /** For the sender: its own name for the message. */
  readonly key?: string;
}

/** `message_added`, with all members that the documented object has. */
export function messageAdded({ number, text, chat: uuid, user: id, key }: Told): string {
  const user = { id, role: 'user', avatar: '', lastname: '', firstname: `Client ${id}`, patronymic: '' };
  const chat = { uuid, widget: { source: 'bench' }, status: 'new', owner_user: user, operator_user: null };
  const message = {
    // As many digits as an id has.
    id: 490_811_126_423_552 + number,
    type: 'standard',
    type_role: 'user',
    status: 'new',
    text,
    send_time: `${new Date().toISOString().slice(0, 19)}+00:00`,
    message_index: number,
    chat,
    user,
    attachments: [],
  };
  return JSON.stringify({ type: 'message_added', data: { message, ...(key !== undefined && { client_id: key }) } });
}
