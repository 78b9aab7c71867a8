/** What a moved cursor means to a support chat: how far each side has come, and whether something of the client's is unread. */
import type { CursorMove, Membership } from '../../core/index.ts';
import type { Asides } from './asides.ts';
import type { DeskChats, KeptChat } from './desk-chats.ts';
import { unreadChange } from './desk.ts';
import type { MessageRows } from './message-rows.ts';
import { toMessage } from './rows.ts';
import type { Sequence, Sequences } from './sequences.ts';

export interface DeskCursors {
  /**
   * A user's cursor in a support conversation or an aside goes to an index; undefined when it is neither. `moved`: one side of the chat, or the
   * readers of the aside, have come farther by it. `asDesk`: the user is an operator, whether a member or not.
   */
  moved(
    sequence: Sequence,
    user: number,
    cursor: 'read' | 'delivered',
    index: number,
    asDesk: boolean,
  ): { readonly moved: boolean; readonly told: Pick<CursorMove, 'scene' | 'covered' | 'chat'> } | undefined;
  /** Where an operator who is no member stands: where the desk does. */
  standIn(sequence: Sequence): Pick<Membership, 'deliveredIndex' | 'readIndex'>;
  /** Cursors of the conversation were moved by other means. */
  forget(conversation: number): void;
}

export function createDeskCursors(deps: {
  sequences: Sequences;
  chats: DeskChats;
  asides: Pick<Asides, 'cursors' | 'mark'>;
  rows: MessageRows;
  now: () => number;
}): DeskCursors {
  const { sequences, chats, asides, rows, now } = deps;

  /** Whether the client has written something after an index. */
  function hasWords(sequence: Sequence, client: number, after: number): boolean {
    // A few at a time: most often the first that follows is the client's.
    for (let from = after + 1; from <= sequence.lastIndex; from += STRIDE) {
      const some = sequences.idsBetween(sequence, from, from + STRIDE - 1);
      if (some.some((id) => rows.get(id)?.sender === client)) return true;
    }
    return false;
  }

  function afterDesk(sequence: Sequence, before: KeptChat, cursor: 'read' | 'delivered', index: number): KeptChat {
    const { deskDelivered, deskRead, ...client } = before.cursors;
    const read = cursor === 'read' ? Math.max(deskRead, index) : deskRead;
    const delivered = Math.max(deskDelivered, index);
    if (read === deskRead && delivered === deskDelivered) return before;
    const unread = before.unread && (read === deskRead || hasWords(sequence, before.client, read));
    return { ...before, unread, cursors: { ...client, deskRead: read, deskDelivered: delivered } };
  }

  return {
    moved(sequence, user, cursor, index, asDesk) {
      const { id, aside } = sequence.conversation;
      const before = chats.get(aside?.of ?? id);
      if (before === undefined) return undefined;
      const row = rows.get(sequences.idAt(sequence, index));
      const covered = row && { covered: toMessage(row, now()) };
      // Told with the message, whose author may be neither the client nor who has the chat.
      const author = row?.sender ?? user;
      if (aside !== undefined) {
        const moved = asides.mark(id, cursor, user, index);
        return { moved, told: { scene: { ...chats.scene(before, author), aside: asides.cursors(id) }, ...covered } };
      }
      if (user === before.client) {
        const { clientRead, clientDelivered } = before.cursors;
        chats.clientMoved(id, {
          clientRead: cursor === 'read' ? Math.max(clientRead, index) : clientRead,
          clientDelivered: Math.max(clientDelivered, index),
        });
        return { moved: false, told: { scene: chats.scene(chats.get(id) ?? before, author), ...covered } };
      }
      if (!asDesk && chats.user(sequence.namespace, user)?.role !== 'operator')
        return { moved: false, told: { scene: chats.scene(before, author), ...covered } };
      const after = afterDesk(sequence, before, cursor, index);
      if (after === before) return { moved: false, told: { scene: chats.scene(before, author), ...covered } };
      chats.save(before, after);
      const scene = chats.scene(after, author);
      if (after.unread === before.unread) return { moved: true, told: { scene, ...covered } };
      const chat = unreadChange(sequence.conversation, before, chats.scene(after, user));
      return { moved: true, told: { scene, ...covered, chat } };
    },
    standIn({ conversation, lastIndex }) {
      const chat = conversation.aside === undefined ? chats.get(conversation.id) : undefined;
      return { deliveredIndex: chat?.cursors.deskDelivered ?? lastIndex, readIndex: chat?.cursors.deskRead ?? lastIndex };
    },
    forget: (conversation) => chats.forget(conversation),
  };
}

const STRIDE = 32;
