import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONVERSATION_KINDS, ChatError, MESSAGE_KINDS, firstIdAt } from '../../core/index.ts';
import type { Content, Conversation, Delivery, Message, Resource } from '../../core/index.ts';
import {
  categoryOf,
  createStreamCodec,
  toContent,
  toFeedPost,
  toKinds,
  toNotice,
  toPostmark,
  toRequest,
  toTarget,
} from './codec.ts';
import { Category, PayloadType, Type } from './wire.ts';
import type { Int64, Post, Postmark, Stream } from './wire.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const ID = firstIdAt(AT);
const seconds = Math.floor(AT / 1000);

function conversation(kind: Conversation['kind'], peers?: readonly [number, number]): Conversation {
  return {
    id: 9,
    namespace: 'default',
    kind,
    name: '',
    notice: '',
    creator: 1,
    createdAt: 0,
    version: 1,
    ...(peers && { peers }),
  };
}

function message(content: Content | undefined, more: Partial<Message> = {}): Message {
  const state = content === undefined ? 'recalled' : 'sent';
  return { id: ID, conversation: 9, index: 1, sender: 1, state, sentAt: AT, ...(content && { content }), ...more };
}

const mark = (more: Partial<Postmark> = {}): Postmark => ({ category: Category.GROUP, sender: 1, receiver: 9, ...more });
const text: Content = { kind: 'text', text: 'hi' };

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof ChatError ? error.code : 'thrown';
  }
}

describe('categories', () => {
  test('each kind has one, and each but the unspecified has kinds', () => {
    for (const kind of CONVERSATION_KINDS) expect(toKinds(categoryOf(kind))).toContain(kind);
    for (const category of [0, 5, -1, 1.5]) expect(codeOf(() => toKinds(category as Category))).toBe('invalid_argument');
  });

  test('a receiver is a peer in private, else a conversation; what is no id of ours is nobody', () => {
    expect(toTarget(Category.PRIVATE, 7)).toEqual({ peer: 7 });
    for (const category of [Category.GROUP, Category.CHANNEL, Category.ROOM])
      expect(toTarget(category, 7)).toEqual({ conversation: 7 });
    for (const receiver of [0, 2n ** 53n, 2n ** 63n - 1n])
      expect(codeOf(() => toTarget(Category.GROUP, receiver))).toBe('not_found');
  });
});

describe('a post that comes in', () => {
  test.each([
    [Type.TEXT, 'text'],
    [Type.AUDIO, 'audio'],
    [Type.STICKER, 'sticker'],
    [Type.PHOTO, 'photo'],
    [Type.VIDEO, 'video'],
    [Type.GIF, 'gif'],
    [Type.FILE, 'file'],
    [Type.LOCATION, 'location'],
    [Type.CONTACT, 'contact'],
  ])('of type %d is a %s', (type, kind) => {
    expect(toContent({ postmark: mark(), type, text: { content: 'x' } })).toEqual({ kind, text: 'x' });
    const resource = { url: 'u', thumbnail: 't' };
    expect(toContent({ postmark: mark(), type, resource })).toEqual({ kind, resource });
    const coordinate = { latitude: 1, longitude: 2 };
    expect(toContent({ postmark: mark(), type, coordinate })).toEqual({ kind, location: coordinate });
  });

  test('of no type, or one that is a mark, has no content', () => {
    for (const type of [Type.UNSPECIFIED, Type.RECALL, Type.READ]) {
      expect(codeOf(() => toContent({ postmark: mark(), type, text: { content: 'x' } }))).toBe('invalid_argument');
    }
  });

  test('is a send with its key and its life', () => {
    const post: Post = {
      postmark: mark({ expire: { seconds: 2, nanos: 500_000_000 } }),
      type: Type.TEXT,
      text: { content: 'x' },
    };
    expect(toRequest(post, 'k', 'new')).toEqual({
      type: 'send',
      input: {
        target: { conversation: 9 },
        kinds: ['group', 'support'],
        content: { kind: 'text', text: 'x' },
        expiresAfter: 2_500,
        key: 'k',
        keyReuse: 'new',
      },
    });
    const plain = toRequest({ ...post, postmark: mark() }, undefined, 'refuse');
    expect(plain.type === 'send' && [plain.input.key, plain.input.expiresAfter]).toEqual([undefined, undefined]);
  });

  test.each([
    [Type.RECALL, 'recall'],
    [Type.READ, 'read'],
  ])('of type %d names its message by unique_id, or by decimal text', (type, name) => {
    const named = (unique_id: Int64 | undefined, content?: string): unknown =>
      toRequest(
        {
          postmark: mark(unique_id === undefined ? {} : { unique_id }),
          type,
          ...(content !== undefined && { text: { content } }),
        },
        'k',
        'new',
      );
    expect(named(5)).toEqual({ type: name, message: 5 });
    expect(named(undefined, '5')).toEqual({ type: name, message: 5 });
    expect(named(0, '5')).toEqual({ type: name, message: 5 });
    expect(named(6, '5')).toEqual({ type: name, message: 6 });
    for (const content of [undefined, '', 'five', '0x5', '5 ', '-5', '1'.repeat(17)]) {
      expect(codeOf(() => named(undefined, content))).toBe('invalid_argument');
    }
    expect(codeOf(() => named(2n ** 60n))).toBe('not_found');
  });
});

const links = { resource: ({ url, ...rest }: Resource): Resource => ({ ...rest, url: `${url}?signed` }) };
const unsigned = { resource: (resource: Resource): Resource => resource };
const plain = { extensions: false, links: unsigned };
const extended = { extensions: true, links: unsigned };

describe('a file that goes out', () => {
  const content: Content = { kind: 'photo', text: 'Look', resource: { url: '/files/5/a.png', file: 5, name: 'a.png' } };
  const told = (extensions: boolean) =>
    toFeedPost(
      { type: 'message', senderName: '', conversation: conversation('group'), message: message(content), from: 0 },
      { extensions, links },
    )?.post;

  test('is a link, and its caption is for those who asked for extensions', () => {
    expect(told(false)).toMatchObject({ type: Type.PHOTO, resource: { url: '/files/5/a.png?signed' } });
    expect(told(false)).not.toHaveProperty('caption');
    expect(told(false)).not.toHaveProperty('text');
    expect(told(true)).toMatchObject({ caption: 'Look', resource: { url: '/files/5/a.png?signed' } });
  });

  test('comes back with its caption', () => {
    const post = told(true);
    expect(post && toContent(post)).toEqual({ kind: 'photo', text: 'Look', resource: { url: '/files/5/a.png?signed' } });
  });
});

describe('a message that goes out', () => {
  test('carries what came in', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...MESSAGE_KINDS),
        fc.oneof(
          fc.string().map((content) => ({ text: content })),
          fc.record({ url: fc.string() }).map((resource) => ({ resource })),
          fc.record({ latitude: fc.integer(), longitude: fc.integer() }).map((location) => ({ location })),
        ),
        (kind, envelope) => {
          const content: Content = { kind, ...envelope };
          const told = toFeedPost(
            { type: 'message', senderName: '', conversation: conversation('group'), message: message(content), from: 0 },
            plain,
          );
          expect(told?.changed).toBe(false);
          expect(told && toContent(told.post)).toEqual(content);
        },
      ),
    );
  });

  test('is for the other user of a private conversation, whoever is the lower', () => {
    const between = (sender: number, peers: [number, number]): Int64 =>
      toPostmark(conversation('private', peers), message(text, { sender })).receiver;
    expect([between(1, [1, 2]), between(2, [1, 2]), between(1, [1, 1])]).toEqual([2, 1, 1]);
    expect(toPostmark(conversation('group'), message(text)).receiver).toBe(9);
  });

  test('has its id, its time and its life', () => {
    expect(toPostmark(conversation('channel'), message(text, { expiresAt: AT + 1_500 }))).toEqual({
      category: Category.CHANNEL,
      sender: 1,
      receiver: 9,
      unique_id: ID,
      expire: { seconds: 1, nanos: 500_000_000 },
      timestamp: { seconds, nanos: 678_000_000 },
    });
  });

  test('that was taken back has no content', () => {
    const told = toFeedPost(
      { type: 'message', senderName: '', conversation: conversation('group'), message: message(undefined), from: 0 },
      extended,
    );
    expect(Object.keys(told?.post ?? {})).toEqual(['postmark', 'type']);
    expect(told?.post.type).toBe(Type.RECALL);
  });

  test('that was edited is told to those who asked for extensions', () => {
    const edited = {
      type: 'change',
      id: ID + 1,
      change: 'edited',
      conversation: conversation('group'),
      message: message(text),
      user: 1,
      from: 0,
    } as const;
    expect(toFeedPost(edited, plain)).toBeUndefined();
    expect(toFeedPost(edited, extended)).toMatchObject({ changed: true, post: { text: { content: 'hi' } } });
    expect(toFeedPost({ ...edited, change: 'expired' }, extended)).toBeUndefined();
  });

  test('that was recalled by a back end is recalled in the name of its sender', () => {
    const recalled = {
      type: 'change',
      id: ID + 1,
      change: 'recalled',
      conversation: conversation('group'),
      message: message(undefined),
      from: 0,
    } as const;
    expect(toFeedPost({ ...recalled, user: 0 }, plain)?.post.postmark.sender).toBe(1);
    expect(toFeedPost({ ...recalled, user: 5 }, plain)?.post.postmark.sender).toBe(5);
  });
});

describe('a push', () => {
  const pushed = (delivery: Delivery, extensions = false): Stream | undefined => {
    let stream: Stream | undefined;
    const frame = (given: Stream): Buffer => {
      stream = given;
      return Buffer.alloc(0);
    };
    createStreamCodec({ name: 'test', ...(extensions ? extended : plain), frame }).encode(delivery);
    return stream;
  };

  test('has an sn of its own and names the room it is from', () => {
    const sent = { type: 'message', senderName: '', message: message(text), from: 0 } as const;
    expect(pushed({ ...sent, conversation: conversation('group') })).toMatchObject({
      sn: String(ID),
      type: PayloadType.MESSAGES,
    });
    expect(pushed({ ...sent, conversation: conversation('group') })).not.toHaveProperty('target');
    expect(pushed({ ...sent, conversation: conversation('room') })).toMatchObject({ target: 9 });
  });

  test('of what this interface has no words for is none', () => {
    const told = { conversation: conversation('group'), user: 1, from: 0 } as const;
    const silent: Delivery[] = [
      { ...told, type: 'typing', name: 'Ada', active: true },
      { ...told, type: 'delivered', id: 1, index: 1, message: 1, everybody: true },
      { type: 'presence', namespace: 'default', user: 1, online: true, lastSeenAt: 0, conversations: [] },
      { type: 'conversation', change: 'created', conversation: told.conversation },
      { type: 'members', conversation: told.conversation, added: [], removed: [] },
      { ...told, type: 'change', id: 1, change: 'edited', message: message(text) },
    ];
    for (const delivery of silent) expect(pushed(delivery)).toBeUndefined();
  });
});

describe('a notice of a back end', () => {
  test('keeps the id and time it was given', () => {
    const post: Post = {
      postmark: mark({ unique_id: 5, timestamp: { seconds, nanos: 678_999_999 } }),
      type: Type.TEXT,
      text: { content: 'x' },
    };
    expect(toNotice(post)).toEqual({
      kind: 'group',
      sender: 1,
      receiver: 9,
      message: 5,
      at: AT,
      content: { kind: 'text', text: 'x' },
    });
    expect(toNotice({ ...post, postmark: mark({ unique_id: 0 }) })).not.toHaveProperty('message');
  });

  test('has ids of ours', () => {
    for (const wrong of [{ sender: 2n ** 53n }, { receiver: 2n ** 53n }, { unique_id: 2n ** 53n }]) {
      expect(codeOf(() => toNotice({ postmark: mark(wrong), type: Type.TEXT, text: { content: 'x' } }))).toBe('invalid_argument');
    }
  });
});
