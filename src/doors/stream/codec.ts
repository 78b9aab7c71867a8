/**
 * Between the stream's messages and the core's nouns. Pure: nothing here knows a socket or waits.
 */
import { ChatError, timeOfId } from '../../core/index.ts';
import type {
  Codec,
  Content,
  Conversation,
  ConversationKind,
  Delivery,
  Frame,
  Id,
  Links,
  Message,
  MessageKind,
  Notice,
  ResumeEntry,
  SendMessage,
  Target,
} from '../../core/index.ts';
import { Category, PayloadType, Type, toSafeId } from './wire.ts';
import type { Int64, Post, Postmark, Stream } from './wire.ts';

/** Which conversations a category speaks of. Support chats are groups to clients of this door. */
const KINDS: Readonly<Record<number, readonly ConversationKind[]>> = {
  [Category.PRIVATE]: ['private'],
  [Category.GROUP]: ['group', 'support'],
  [Category.CHANNEL]: ['channel'],
  [Category.ROOM]: ['room'],
};

const CATEGORIES: Readonly<Record<ConversationKind, Category>> = {
  private: Category.PRIVATE,
  group: Category.GROUP,
  support: Category.GROUP,
  channel: Category.CHANNEL,
  room: Category.ROOM,
};

const TYPES: Readonly<Record<MessageKind, Type>> = {
  text: Type.TEXT,
  audio: Type.AUDIO,
  sticker: Type.STICKER,
  photo: Type.PHOTO,
  video: Type.VIDEO,
  gif: Type.GIF,
  file: Type.FILE,
  location: Type.LOCATION,
  contact: Type.CONTACT,
};

const MESSAGE_KINDS: ReadonlyMap<number, MessageKind> = new Map([
  [Type.TEXT, 'text'],
  [Type.AUDIO, 'audio'],
  [Type.STICKER, 'sticker'],
  [Type.PHOTO, 'photo'],
  [Type.VIDEO, 'video'],
  [Type.GIF, 'gif'],
  [Type.FILE, 'file'],
  [Type.LOCATION, 'location'],
  [Type.CONTACT, 'contact'],
]);

/** What a Post from a client asks for. */
export type PostRequest =
  | { readonly type: 'send'; readonly input: SendMessage }
  | { readonly type: 'recall'; readonly message: Id }
  | { readonly type: 'read'; readonly message: Id };

export function toKinds(category: Category): readonly ConversationKind[] {
  const kinds = KINDS[category];
  if (kinds === undefined) throw new ChatError('invalid_argument', 'category: must be private, group, channel or room');
  return kinds;
}

export function categoryOf(kind: ConversationKind): Category {
  return CATEGORIES[kind];
}

/** The receiver of a category: a peer for private, else a conversation. An id too large to be ours is nobody's. */
export function toTarget(category: Category, receiver: Int64): Target {
  const id = toSafeId(receiver);
  if (id === undefined || id === 0) throw nobody();
  return category === Category.PRIVATE ? { peer: id } : { conversation: id };
}

/** As the core says of what does not exist: an id too large to be ours tells nothing else. */
function nobody(): ChatError {
  return new ChatError('not_found', 'There is no such conversation, user or message, or it is not yours.');
}

/** `key` is the idempotency key of a send. Throws ChatError for what the interface does not allow. */
export function toRequest(post: Post, key: string | undefined, keyReuse: 'refuse' | 'new'): PostRequest {
  if (post.type === Type.RECALL) return { type: 'recall', message: namedMessage(post) };
  if (post.type === Type.READ) return { type: 'read', message: namedMessage(post) };
  const { category, receiver, expire } = post.postmark;
  const content = toContent(post);
  return {
    type: 'send',
    input: {
      target: toTarget(category, receiver),
      kinds: toKinds(category),
      content,
      expiresAfter: expire && Number(expire.seconds) * 1000 + expire.nanos / 1_000_000,
      key,
      keyReuse,
    },
  };
}

/** RECALL and READ name their message in `unique_id`, or as decimal text. */
function namedMessage(post: Post): Id {
  const { unique_id } = post.postmark;
  const fromText = post.text !== undefined && /^[0-9]{1,16}$/.test(post.text.content) ? Number(post.text.content) : undefined;
  if (unique_id !== undefined && unique_id !== 0) {
    const id = toSafeId(unique_id);
    if (id === undefined) throw nobody();
    return id;
  }
  if (fromText === undefined) throw new ChatError('invalid_argument', 'postmark.unique_id: must name the message');
  return fromText;
}

export function toContent(post: Post): Content {
  const kind = MESSAGE_KINDS.get(post.type);
  if (kind === undefined) throw new ChatError('invalid_argument', 'type: must be one of TYPE_TEXT to TYPE_READ');
  const { text, resource, coordinate } = post;
  // One shape for all, without spreads: this is on the way of every message.
  return {
    kind,
    text: text?.content ?? (resource && post.caption),
    resource: resource && { url: resource.url, ...(resource.thumbnail !== undefined && { thumbnail: resource.thumbnail }) },
    location: coordinate && { latitude: coordinate.latitude, longitude: coordinate.longitude },
  };
}

/** A post of a back end's package. */
export function toNotice(post: Post): Notice {
  const { category, sender, receiver, unique_id, timestamp } = post.postmark;
  const [kind] = toKinds(category);
  const [from, to, id] = [toSafeId(sender), toSafeId(receiver), unique_id === undefined ? 0 : toSafeId(unique_id)];
  if (kind === undefined || from === undefined || to === undefined || id === undefined) {
    throw new ChatError('invalid_argument', 'postmark: an id is out of range');
  }
  return {
    kind,
    sender: from,
    receiver: to,
    ...(id !== 0 && { message: id }),
    ...(timestamp && { at: Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1_000_000) }),
    content: toContent(post),
  };
}

function toTimestamp(time: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(time / 1000);
  return { seconds, nanos: Math.round((time - seconds * 1000) * 1_000_000) };
}

/** Who a message of a conversation is for: the other user of a private one, else the conversation. */
function receiverOf(conversation: Conversation, sender: Id): Id {
  if (conversation.peers === undefined) return conversation.id;
  return conversation.peers[0] === sender ? conversation.peers[1] : conversation.peers[0];
}

export function toPostmark(conversation: Conversation, message: Message): Postmark {
  const { id, sender, sentAt, expiresAt } = message;
  return {
    category: CATEGORIES[conversation.kind],
    sender,
    receiver: receiverOf(conversation, sender),
    unique_id: id,
    expire: expiresAt === undefined ? undefined : toTimestamp(expiresAt - sentAt),
    timestamp: toTimestamp(sentAt),
  };
}

/** How a client is told things: with our extensions or without, and with links that it can follow. */
export interface Telling {
  readonly extensions: boolean;
  readonly links: Pick<Links, 'resource'>;
}

function toPost(conversation: Conversation, message: Message, telling: Telling): Post {
  const postmark = toPostmark(conversation, message);
  const { content } = message;
  if (content === undefined) return { postmark, type: Type.RECALL };
  return withEnvelope(postmark, content, telling);
}

function withEnvelope(postmark: Postmark, content: Content, { extensions, links }: Telling): Post {
  const post: Post = { postmark, type: TYPES[content.kind] };
  if (content.resource !== undefined) {
    post.resource = links.resource(content.resource);
    if (extensions && content.text !== undefined) post.caption = content.text;
  } else if (content.text !== undefined) post.text = { content: content.text };
  else if (content.location !== undefined) post.coordinate = content.location;
  return post;
}

/** Of a post that names another message: RECALL or READ. */
export function toMarkPostmark(conversation: Conversation, sender: Id, message: Id, at: number): Postmark {
  return {
    category: CATEGORIES[conversation.kind],
    sender,
    receiver: receiverOf(conversation, sender),
    unique_id: message,
    timestamp: toTimestamp(at),
  };
}

function toMark(type: Type, conversation: Conversation, sender: Id, message: Id, at: number): Post {
  return { postmark: toMarkPostmark(conversation, sender, message, at), type };
}

/**
 * What a client is told of an entry of the feed; undefined when this interface has no words for it. An edit is a new version of a post, which
 * only clients that asked for extensions know how to take.
 */
export function toFeedPost(entry: ResumeEntry, telling: Telling): { readonly post: Post; readonly changed: boolean } | undefined {
  switch (entry.type) {
    case 'message':
      return { post: toPost(entry.conversation, entry.message, telling), changed: false };
    case 'change':
      if (entry.change === 'recalled') {
        const sender = entry.user === 0 ? entry.message.sender : entry.user;
        return { post: toMark(Type.RECALL, entry.conversation, sender, entry.message.id, timeOfId(entry.id)), changed: false };
      }
      if (entry.change === 'expired' || !telling.extensions) return undefined;
      return { post: toPost(entry.conversation, entry.message, telling), changed: true };
    case 'read':
      return { post: toMark(Type.READ, entry.conversation, entry.user, entry.message, timeOfId(entry.id)), changed: false };
  }
}

function toPush(delivery: Delivery, telling: Telling): Stream | undefined {
  switch (delivery.type) {
    case 'message':
    case 'change':
    case 'read': {
      const told = toFeedPost(delivery, telling);
      if (told === undefined) return undefined;
      const sn = String(delivery.type === 'message' ? delivery.message.id : delivery.id);
      const { id, kind } = delivery.conversation;
      return toMessages(sn, [told.post], { ...(kind === 'room' && { target: id }), ...(told.changed && { changed: true }) });
    }
    case 'notice': {
      const { id, message, kind, sender, receiver, at, content } = delivery;
      const unique_id = message === 0 ? undefined : message;
      const postmark = { category: CATEGORIES[kind], sender, receiver, unique_id, timestamp: toTimestamp(at) };
      return toMessages(String(id), [withEnvelope(postmark, content, telling)], {});
    }
    default:
      return undefined;
  }
}

/** A MESSAGES frame. */
export function toMessages(sn: string, posts: Post[], more: Partial<Stream>): Stream {
  return { sn, type: PayloadType.MESSAGES, postbox: { posts }, errors: [], ...more };
}

/** One way of writing Streams: binary or JSON, in a WebSocket or a gRPC frame, with or without our extensions. */
export interface StreamCodec extends Codec {
  readonly extensions: boolean;
  frame(stream: Stream): Frame;
}

export function createStreamCodec(options: {
  readonly name: string;
  readonly extensions: boolean;
  readonly links: Telling['links'];
  readonly frame: (stream: Stream) => Frame;
}): StreamCodec {
  const { name, extensions, links, frame } = options;
  const telling: Telling = { extensions, links };
  return {
    name,
    extensions,
    frame,
    encode(delivery) {
      const stream = toPush(delivery, telling);
      return stream === undefined ? undefined : frame(stream);
    },
  };
}
