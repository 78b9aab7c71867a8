import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject, Links, Message, Scene, SupportChat, User } from '../../core/index.ts';
import { toAttachments, toAuthor, toChatObject, toOwnMembers } from './codec.ts';
import type { Told } from './codec.ts';
import { createTexts } from './texts.ts';

let now = 1_700_000_000_000;
/** A link is another one whenever the clock has moved. */
const links: Links = {
  show: (address) => `${address}?exp=${now}`,
  end: () => now,
  resource: (resource) => resource,
  strip: (link) => link,
  isGood: () => true,
};

const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', '"', '\\', '\n', 'я', '{', '}', '\u2028') });
const person = fc.record({ firstname: word, avatar: fc.constantFrom('', 'https://cdn.example/a.png') }, { requiredKeys: [] });
const user = fc.record(
  { id: fc.integer({ min: 1, max: 3 }), name: word, picture: fc.constant('/files/5/a.png'), person },
  { requiredKeys: ['id', 'name'] },
);
const people = fc.array(
  user.map((one): User => ({ ...one, namespace: 'default', role: 'user', createdAt: 0 })),
  { minLength: 1, maxLength: 3 },
);
const extra = fc.option(fc.dictionary(fc.constantFrom('mood', 'chat', 'user', 'attachments', 'send_time', '1'), fc.jsonValue()), {
  nil: undefined,
});
const step = fc.record({
  conversation: fc.integer({ min: 1, max: 2 }),
  status: fc.constantFrom('new', 'open', 'on "hold"'),
  source: fc.constantFrom('lk', 'sh"op'),
  client: fc.nat(3),
  operator: fc.nat(3),
  sender: fc.nat(3),
  chatExtra: extra,
  messageExtra: extra,
  text: word,
  told: fc.constantFrom('new', 'read'),
});

test('is the JSON of the objects as they are now, whatever was told before', () => {
  fc.assert(
    fc.property(people, fc.array(step, { minLength: 1, maxLength: 20 }), (known, steps) => {
      const texts = createTexts({ links });
      for (const [at, one] of steps.entries()) {
        // Links end: what shows one is made again.
        now += 10_000_000;
        const told = toldIn(known, one, at + 1);
        const object = {
          ...toOwnMembers(told.message, one.told),
          chat: toChatObject(links, told.scene),
          user: toAuthor(links, told),
          attachments: toAttachments(links, told.message),
        };
        expect(texts.message(told, one.told)).toBe(JSON.stringify(object));
        expect(texts.message(told, one.told)).toBe(JSON.stringify(object));
        expect(texts.message(told, 'delivered')).toBe(JSON.stringify({ ...object, status: 'delivered' }));
      }
    }),
  );
});

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function toldIn(known: readonly User[], { conversation, status, source, text, ...one }: Step, id: number): Told {
  const chat: SupportChat = {
    conversation,
    namespace: 'default',
    uuid: `d599cb9b-a451-4bb3-ac0c-1465b9a1c4d${conversation}`,
    source,
    department: '',
    status,
    client: 1,
    operator: 0,
    lastOperator: 0,
    unread: false,
    place: id,
    cursors: { clientDelivered: 0, clientRead: 0, deskDelivered: 0, deskRead: 0 },
    ...(one.chatExtra && { extra: one.chatExtra as JsonObject }),
  };
  const [client, operator, sender] = [known[one.client], known[one.operator], known[one.sender]];
  const scene: Scene = { chat, ...(client && { client }), ...(operator && { operator }) };
  const message: Message = {
    id,
    conversation,
    index: id,
    sender: sender?.id ?? 0,
    sentAt: now,
    state: 'sent',
    content: { kind: 'text', text, attachments: [{ foreign: { uuid: 'x', url: 'https://cdn.example/x' } }] },
    ...(one.messageExtra && { desk: { type: 'survey', extra: one.messageExtra as Readonly<Record<string, Json>> } }),
  };
  return { message, conversation: { id: conversation } as Told['conversation'], scene, sender };
}
