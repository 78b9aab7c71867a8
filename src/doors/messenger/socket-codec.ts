/** Deliveries as this door's packets. One object for all its sockets: a message is put into JSON and framed once, however many hear it. */
import type { Codec, Delivery, Frame, Id, Links } from '../../core/index.ts';
import { toMessageObject, toPresenceUpdate } from './codec.ts';
import type { EventNames } from './event-names.ts';
import { NO_FRAME, eventFrame } from './packets.ts';
import type { Note, Sidebar } from './sidebar.ts';

export interface SocketCodec extends Codec {
  /**
   * What was made of a message when it was told: its JSON, and the sidebar's note; kept for the turn of the event loop in which that was, in which the
   * answer to its sender follows. Undefined: nobody of this door has heard it just now.
   */
  noteOf(message: Id): Note | undefined;
}

export function createSocketCodec(deps: { links: Links; names: EventNames; sidebar: Sidebar }): SocketCodec {
  const { links, names, sidebar } = deps;
  /** Of one batch of messages at the most. */
  let notes = new Map<Id, Note>();

  function encode(delivery: Delivery): Frame | undefined {
    switch (delivery.type) {
      case 'message': {
        const { message, senderName: username, senderDisplayName: name } = delivery;
        const named = { username, ...(name !== undefined && { name }) };
        const json = JSON.stringify(toMessageObject(links, message, named));
        keep(message.id, sidebar.note(message, json));
        return eventFrame(names.outgoing('new_message'), json);
      }
      case 'typing': {
        const { conversation, user, name, active } = delivery;
        const update = { chatId: String(conversation.id), userId: String(user), username: name === '' ? String(user) : name };
        return eventFrame(names.outgoing(active ? 'typing_start' : 'typing_end'), JSON.stringify(update));
      }
      case 'presence':
        return eventFrame(names.outgoing('presence_update'), JSON.stringify(toPresenceUpdate(delivery)));
      case 'conversation':
        return delivery.change === 'deleted' ? deleted(delivery.conversation.id) : NO_FRAME;
      case 'members':
        return delivery.removed.length > 0 ? deleted(delivery.conversation.id) : NO_FRAME;
      case 'change':
      case 'read':
        return NO_FRAME;
      case 'delivered':
      case 'desk':
      case 'notice':
        return undefined;
    }
  }

  function keep(message: Id, note: Note): void {
    if (notes.size === 0) {
      setImmediate(() => {
        notes = new Map();
      });
    }
    notes.set(message, note);
  }

  function deleted(chat: number): Frame {
    return eventFrame(names.outgoing('chat_deleted'), JSON.stringify(String(chat)));
  }

  return { name: 'socket.io', encode, noteOf: (message) => notes.get(message) };
}
