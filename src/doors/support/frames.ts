/**
 * Deliveries as this door's frames. One codec object for all clients in chats and one for all operators on the broadcast: a message is put into
 * JSON and framed once, however many hear it.
 */
import { createRecent, laterCursors, serves } from '../../core/index.ts';
import type {
  AsideCursors,
  ChatCursors,
  Codec,
  Delivery,
  DeskNews,
  Frame,
  Id,
  Links,
  Scene,
  Sources,
  TypingDelivery,
  User,
} from '../../core/index.ts';
import { frameText } from '../websocket-frame.ts';
import { statusOf, toChatObject, toOperatorObject, toUserObject } from './codec.ts';
import type { Told } from './codec.ts';
import { createTexts } from './texts.ts';
import type { ServerData, ServerFrameType } from './wire.ts';

/** Chats, and asides of them, whose cursors are remembered: those in which something is told just now. */
const MAX_CHATS = 10_000;

/** Deliveries that change who hears what, and have no frame of their own. */
export const NO_FRAME: Frame = Buffer.alloc(0);

export interface SupportCodec extends Codec {
  readonly kind: 'chat' | 'broadcast';
}

export interface Frames {
  /** In chats; `extended` for who asked for more than the documents have. */
  chat(extended: boolean): SupportCodec;
  readonly broadcast: SupportCodec;
  message(type: 'message_added' | 'message_updated', told: Told, clientId?: string): Frame;
  /** Chats with unread words in some widgets. */
  unread(bySource: Readonly<Record<string, number>>, sources: Sources): Frame;
}

export function frameOf<T extends ServerFrameType>(type: T, data: ServerData[T]): Frame {
  return frameText(JSON.stringify({ type, data }));
}

export function createFrames({ links }: { links: Links }): Frames {
  const texts = createTexts({ links });
  /** How far each chat, and each aside, was told to have come: what was committed earlier and is told later, or was held back, tells no less. */
  const furthest = createRecent<Id, ChatCursors>(MAX_CHATS);
  const furthestAside = createRecent<Id, AsideCursors>(MAX_CHATS);
  /** Made while a count is handed round: operators of the same widgets get the same frame. */
  const unreads = new WeakMap<object, Map<string, Frame>>();

  function message(type: 'message_added' | 'message_updated', told: Told, clientId?: string): Frame {
    const text = texts.message(told, statusOf(told.message, forward(told.scene, told.conversation.id)));
    const named = clientId === undefined ? '' : `,"client_id":${JSON.stringify(clientId)}`;
    return frameText(`{"type":"${type}","data":{"message":${text}${named}}}`);
  }

  /** The scene with the chat, or the aside, at least as far as it was told: a status never goes back. */
  function forward(scene: Scene, conversation: Id): Scene {
    const { chat, aside } = scene;
    if (aside !== undefined) {
      const known = furthestAside.get(conversation);
      return { ...scene, aside: furthestAside.set(conversation, known === undefined ? aside : laterCursors(known, aside)) };
    }
    const known = furthest.get(chat.conversation);
    const cursors = furthest.set(chat.conversation, known === undefined ? chat.cursors : laterOf(known, chat.cursors));
    return { ...scene, chat: { ...chat, cursors } };
  }

  /** What is told of a message, of its changes and of how far it has come. */
  function ofMessage(delivery: Delivery): Frame | undefined {
    switch (delivery.type) {
      case 'message': {
        const { conversation, scene } = delivery;
        return scene && message('message_added', { message: delivery.message, conversation, scene, sender: scene.sender });
      }
      case 'change': {
        const { conversation, scene, message: changed } = delivery;
        return (
          scene && message('message_updated', { message: changed, conversation, scene, sender: authorIn(scene, changed.sender) })
        );
      }
      case 'read':
      case 'delivered': {
        const { conversation, scene, covered } = delivery;
        if (scene === undefined || covered === undefined) return undefined;
        return message('message_updated', { message: covered, conversation, scene, sender: authorIn(scene, covered.sender) });
      }
      default:
        return undefined;
    }
  }

  function typing({ scene, conversation, user, name, active, text = '' }: TypingDelivery): Frame | undefined {
    if (scene === undefined || conversation.kind !== 'support') return undefined;
    const typist = scene.sender ?? { id: user, role: 'user', name };
    const who = toUserObject(links, typist);
    return frameOf('typing_updated', { text: active ? text : '', stopped: !active, chat_id: scene.chat.uuid, user: who });
  }

  function inChat(news: DeskNews, extended: boolean): Frame | undefined {
    switch (news.kind) {
      case 'room':
        return frameOf(news.present ? 'user_connected' : 'user_disconnected', { user: toUserObject(links, news.user) });
      case 'chat':
        return extended ? frameOf('chat_updated', { chat: toChatObject(links, news.scene) }) : undefined;
      case 'position':
        return extended ? frameOf('queue_position', { position: news.position }) : undefined;
      default:
        return undefined;
    }
  }

  function onBroadcast(news: DeskNews): Frame | undefined {
    switch (news.kind) {
      case 'chat':
        return frameOf('chat_updated', { chat: toChatObject(links, news.scene) });
      case 'operator':
        return frameOf('operator_updated', toOperatorObject(links, news));
      case 'unread':
        return unread(news.bySource, 'all');
      case 'global':
        return frameOf('global_updated', news.data);
      case 'notification':
        return frameOf('chat_notification', { ...news.data, chat: toChatObject(links, news.scene) });
      case 'position':
      case 'room':
        return undefined;
    }
  }

  function unread(bySource: Readonly<Record<string, number>>, sources: Sources): Frame {
    const key = JSON.stringify(sources);
    let known = unreads.get(bySource);
    if (known === undefined) unreads.set(bySource, (known = new Map<string, Frame>()));
    const frame = known.get(key) ?? encodeUnread(bySource, sources);
    known.set(key, frame);
    return frame;
  }

  function encodeUnread(bySource: Readonly<Record<string, number>>, sources: Sources): Frame {
    const counts = Object.entries(bySource).filter(([source]) => serves(sources, source));
    return frameOf('global_updated', { unread_chats: counts.reduce((sum, [, count]) => sum + count, 0) });
  }

  function encodeIn(extended: boolean): (delivery: Delivery) => Frame | undefined {
    return (delivery) => {
      if (delivery.type === 'typing') return typing(delivery);
      if (delivery.type === 'members' || delivery.type === 'conversation') return NO_FRAME;
      return delivery.type === 'desk' ? inChat(delivery.news, extended) : ofMessage(delivery);
    };
  }

  const chat: SupportCodec = { name: 'support-chat', kind: 'chat', encode: encodeIn(false) };
  const extendedChat: SupportCodec = { name: 'support-chat+extensions', kind: 'chat', encode: encodeIn(true) };
  const broadcast: SupportCodec = {
    name: 'support-broadcast',
    kind: 'broadcast',
    encode(delivery) {
      if (delivery.type === 'typing') return typing(delivery);
      if (delivery.type === 'desk') return onBroadcast(delivery.news);
      // Notes and system messages are for those in the chat alone: the hub does not bring them here, and this door would not tell them.
      return 'conversation' in delivery && delivery.conversation.aside !== undefined ? undefined : ofMessage(delivery);
    },
  };

  return { chat: (extended) => (extended ? extendedChat : chat), broadcast, message, unread };
}

/** Who wrote a message, as far as the scene of what was done to it knows: its client, its operator, or who did it. */
function authorIn({ client, operator, sender }: Scene, author: Id): User | undefined {
  return [sender, client, operator].find((one) => one?.id === author);
}

function laterOf(one: ChatCursors, other: ChatCursors): ChatCursors {
  return {
    clientDelivered: Math.max(one.clientDelivered, other.clientDelivered),
    clientRead: Math.max(one.clientRead, other.clientRead),
    deskDelivered: Math.max(one.deskDelivered, other.deskDelivered),
    deskRead: Math.max(one.deskRead, other.deskRead),
  };
}
