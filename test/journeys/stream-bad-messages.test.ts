/** Messages that are none, over every carrier: each ends its connection with the code for it, and nobody else notices. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS, grpc, webSocketBinary, webSocketText } from '../support/clients/carriers.ts';
import type { Carrier } from '../support/clients/carriers.ts';
import { Category, PayloadType, Type } from '../support/clients/stream-frame.ts';
import type { PostJson, StreamJson } from '../support/clients/stream-frame.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, postmarkTo, textPost } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';
import { createWitness } from '../support/witness.ts';
import type { Witness } from '../support/witness.ts';

let server: TestServer;
let witness: Witness;
beforeAll(async () => {
  server = await startServer();
  witness = await createWitness(server);
});
afterAll(async () => {
  await witness.untouched();
  await server.close();
});

/** Sends bytes as one message from a connection of the witness; expects the ending, the count and that nobody else is harmed. */
async function expectEnding(
  carrier: Carrier,
  code: number,
  counted: string,
  ...messages: (string | Uint8Array)[]
): Promise<void> {
  const refusals = (): Promise<number> => server.metric('switchboard_refusals_total', { door: 'stream', code: counted });
  const before = await refusals();
  const link = await carrier.connect({ port: server.port, token: tokenFor(witness.one) });
  for (const message of messages) link.sendBytes(Buffer.from(message));
  const end = await link.ended;
  expect([end.code, end.message]).toEqual([code, expect.stringMatching(/./)]);
  expect(await refusals()).toBe(before + 1);
  expect(link.violations).toEqual([]);
  await witness.unharmed();
}

/** A whole frame to the witness's group with something in it replaced. */
function json(find = '', replacement = ''): string {
  const post = `{"postmark":{"category":2,"sender":"${witness.one}","receiver":"${witness.group}"},"type":1,"text":{"content":"bad"}}`;
  return `{"sn":"s","type":2,"postbox":{"posts":[${post}]}}`.replace(find, replacement);
}

const sender = (): string => `"${witness.one}"`;
const receiver = (): string => `"${witness.group}"`;

describe('JSON that is not the message', () => {
  const cases: [string, () => string][] = [
    ['no JSON', () => 'hello'],
    ['half of it', () => json().slice(0, -1)],
    ['more than one', () => `${json()}${json()}`],
    ['a byte order mark', () => `\ufeff${json()}`],
    ['a comment', () => `${json()}//`],
    ['single quotes', () => json().replaceAll('"', "'")],
    ['NaN', () => json(receiver(), 'NaN')],
    ['a number', () => '1'],
    ['a string', () => '"{}"'],
    ['null', () => 'null'],
    ['true', () => 'true'],
    ['an array', () => `[${json()}]`],
    ['an empty object', () => '{}'],
    ['no sn', () => json('"sn":"s",', '')],
    ['null for the sn', () => json('"sn":"s"', '"sn":null')],
    ['a number for the sn', () => json('"sn":"s"', '"sn":1')],
    ['no type', () => json('"type":2,', '')],
    ['no type of the post', () => json('"type":1,', '')],
    ['no postmark', () => json('"postmark"', '"mark"')],
    ['no category', () => json('"category":2,', '')],
    ['no sender', () => json(`"sender":${sender()},`, '')],
    ['no receiver', () => json('"receiver"', '"recipient"')],
    ['no content', () => json('"content":"bad"', '')],
    ['null for the content', () => json('"bad"', 'null')],
    ['a number for the content', () => json('"bad"', '7')],
    ['a list for the text', () => json('{"content":"bad"}', '["bad"]')],
    ['an object for the posts', () => json('[{', '{"0":{').replace('}]}}', '}}}}')],
    ['null in the posts', () => json('"posts":[', '"posts":[null,')],
    ['an unknown payload type', () => json('"type":2', '"type":4')],
    ['an unknown payload type name', () => json('"type":2', '"type":"PAYLOAD_TYPE_OTHER"')],
    ['an enum name in small letters', () => json('"type":2', '"type":"payload_type_messages"')],
    ['an enum number in a string', () => json('"type":2', '"type":"2"')],
    ['an unknown type', () => json('"type":1', '"type":12')],
    ['a negative type', () => json('"type":1', '"type":-1')],
    ['a type with a fraction', () => json('"type":1', '"type":1.5')],
    ['a type beyond 32 bits', () => json('"type":1', '"type":4294967297')],
    ['an unknown category', () => json('"category":2', '"category":5')],
    ['true for a category', () => json('"category":2', '"category":true')],
    ['two members of the envelope', () => json('"text"', '"resource":{"url":"https://x"},"text"')],
    ['two payloads', () => json('"postbox"', '"local":{"ids":[]},"postbox"')],
    ['a field in both spellings', () => json(receiver(), `${receiver()},"unique_id":1,"uniqueId":2`)],
    ['2^63', () => json(receiver(), '9223372036854775808')],
    ['2^63 in a string', () => json(receiver(), '"9223372036854775808"')],
    ['2^64', () => json(receiver(), '"18446744073709551616"')],
    ['a negative id', () => json(receiver(), '-1')],
    ['a negative id in a string', () => json(receiver(), '"-1"')],
    ['an id with a fraction', () => json(receiver(), '1.5')],
    ['an id too large for any number', () => json(receiver(), '1e400')],
    ['a hexadecimal id', () => json(receiver(), '"0x10"')],
    ['an id with white space', () => json(receiver(), '" 1"')],
    ['an id with an exponent in a string', () => json(receiver(), '"1e3"')],
    ['an empty id', () => json(receiver(), '""')],
    ['digits of another script', () => json(receiver(), '"١٢"')],
    ['an id of a million digits', () => json(receiver(), `"${'1'.repeat(500_000)}"`)],
    ['a bare number of a hundred thousand digits', () => json(receiver(), '1'.repeat(100_000))],
    ['half of a surrogate pair', () => json('bad', String.raw`\ud83d`)],
    ['the halves the wrong way round', () => json('bad', String.raw`\ude80\ud83d`)],
    ['a raw control character', () => json('bad', 'a\u0001b')],
    ['an escape that is none', () => json('bad', String.raw`\x41`)],
    ['a duration that is none', () => json(receiver(), `${receiver()},"expire":"soon"`)],
    ['a duration without a unit', () => json(receiver(), `${receiver()},"expire":60`)],
    ['a duration of too many years', () => json(receiver(), `${receiver()},"expire":"315576000001s"`)],
    ['a time that is none', () => json(receiver(), `${receiver()},"timestamp":"2026-02-30T00:00:00Z"`)],
    ['a latitude that is no number', () => json('"text":{"content":"bad"}', '"coordinate":{"latitude":"north","longitude":1}')],
    ['no longitude', () => json('"text":{"content":"bad"}', '"coordinate":{"latitude":1}')],
    ['a latitude beyond a float', () => json('"text":{"content":"bad"}', '"coordinate":{"latitude":1e39,"longitude":1}')],
    ['arrays nested deeply', () => '['.repeat(250_000) + ']'.repeat(250_000)],
    ['objects nested deeply', () => `${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}`],
    ['an unknown field nested deeply', () => json('"sn"', `"x":${'['.repeat(200_000)}${']'.repeat(200_000)},"sn"`)],
    [
      'an unknown field nested deeply beside a large number',
      () => json(receiver(), '9007199254740993').replace('"sn"', `"x":${'['.repeat(100)}${']'.repeat(100)},"sn"`),
    ],
  ];

  test.each(cases)('%s', async (_name, text) => {
    await expectEnding(webSocketText, 1007, 'invalid_argument', text());
  });
});

/** A field of the wire format: number and wire type, then its bytes. */
const field = (number: number, wireType: number, ...bytes: number[]): number[] => [...varint(number * 8 + wireType), ...bytes];
const nested = (number: number, bytes: readonly number[]): number[] => field(number, 2, ...varint(bytes.length), ...bytes);

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

const SN = nested(1, [0x73]);
const MESSAGES = field(3, 0, 2);

/** A whole frame to the witness's group with parts of it replaced. */
function bytes(parts: { sn?: number[]; type?: number[]; mark?: number[]; post?: number[]; more?: number[] } = {}): Uint8Array {
  const mark = parts.mark ?? [
    ...field(1, 0, 2),
    ...field(2, 0, ...varint(witness.one)),
    ...field(3, 0, ...varint(witness.group)),
  ];
  const post = parts.post ?? [...nested(1, mark), ...field(2, 0, 1), ...nested(10, nested(1, [0x62, 0x61, 0x64]))];
  return Uint8Array.from([
    ...(parts.sn ?? SN),
    ...(parts.type ?? MESSAGES),
    ...nested(11, nested(1, post)),
    ...(parts.more ?? []),
  ]);
}

const markOf = (receiverBytes: number[]): number[] => [
  ...field(1, 0, 2),
  ...field(2, 0, ...varint(witness.one)),
  ...field(3, 0, ...receiverBytes),
];

describe.each([
  ['WebSocket', webSocketBinary],
  ['gRPC', grpc],
])('bytes that are not the message, over %s', (_name, carrier) => {
  const cases: [string, () => Uint8Array][] = [
    ['JSON', () => Buffer.from(json())],
    ['noise', () => Buffer.alloc(1_000, 0xff)],
    ['zeros', () => Buffer.alloc(1_000)],
    ['no sn', () => bytes({ sn: [] })],
    ['no type', () => bytes({ type: [] })],
    ['a payload type that does not exist', () => bytes({ type: field(3, 0, 9) })],
    ['a sn that is not UTF-8', () => bytes({ sn: nested(1, [0xc3, 0x28]) })],
    ['a surrogate in UTF-8', () => bytes({ sn: nested(1, [0xed, 0xa0, 0x80]) })],
    ['no postmark', () => bytes({ post: [...field(2, 0, 1), ...nested(10, nested(1, [0x62]))] })],
    ['no receiver', () => bytes({ mark: [...field(1, 0, 2), ...field(2, 0, 1)] })],
    ['no type of the post', () => bytes({ post: [...nested(1, markOf([1])), ...nested(10, nested(1, [0x62]))] })],
    ['no content', () => bytes({ post: [...nested(1, markOf([1])), ...field(2, 0, 1), ...nested(10, [])] })],
    ['a category that does not exist', () => bytes({ mark: [...field(1, 0, 5), ...field(2, 0, 1), ...field(3, 0, 1)] })],
    [
      'two members of the envelope',
      () =>
        bytes({
          post: [
            ...nested(1, markOf([1])),
            ...field(2, 0, 1),
            ...nested(10, nested(1, [0x62])),
            ...nested(11, nested(1, [0x62])),
          ],
        }),
    ],
    ['two payloads', () => bytes({ more: nested(10, []) })],
    ['2^63', () => bytes({ mark: markOf([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]) })],
    ['2^64-1', () => bytes({ mark: markOf([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]) })],
    ['a varint of eleven bytes', () => bytes({ mark: markOf([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]) })],
    ['a varint that does not end', () => bytes({ more: field(2, 0, 0xff) })],
    ['a wrong wire type', () => bytes({ sn: field(1, 0, 1) })],
    ['a wire type that does not exist', () => bytes({ more: field(5, 6) })],
    ['field number 0', () => bytes({ more: [0x02, 0x00] })],
    ['a group', () => bytes({ more: field(5, 3) })],
    ['a length beyond the end', () => bytes({ more: field(5, 2, 100) })],
    ['a huge length', () => bytes({ more: field(5, 2, 0xff, 0xff, 0xff, 0xff, 0x0f) })],
    ['half of it', () => bytes().slice(0, -1)],
    ['a length within that goes beyond its message', () => bytes({ post: [...nested(1, markOf([1])), ...field(10, 2, 100)] })],
    [
      'a time out of range',
      () => bytes({ mark: [...markOf([1]), ...nested(9, field(1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f))] }),
    ],
  ];

  test.each(cases)('%s', async (_what, message) => {
    await expectEnding(carrier, carrier.endings.badFrame, 'invalid_argument', message());
  });

  test('unknown fields and enum values of fields that are not needed are passed over', async () => {
    const [user] = await server.newUsers(1);
    const link = await carrier.connect({ port: server.port, token: tokenFor(user) });
    const mark = [...field(1, 0, 1), ...field(2, 0, ...varint(user)), ...field(3, 0, ...varint(user))];
    link.sendBytes(bytes({ mark, more: [...field(900, 0, 1), ...nested(50, [1, 2, 3])] }));
    expect((await link.next()).postbox?.posts).toHaveLength(1);
    await link.close();
  });
});

describe.each(CARRIERS)('messages that make no sense, over $name', (carrier) => {
  const text = (): PostJson => textPost({ group: witness.group }, witness.one, 'bad');
  const cases: [string, 'badFrame' | 'notAllowed', string, () => StreamJson][] = [
    ['no payload type', 'badFrame', 'invalid_argument', () => ({ sn: 's', type: 0, postbox: { posts: [text()] } })],
    ['MESSAGES without a postbox', 'badFrame', 'invalid_argument', () => ({ sn: 's', type: PayloadType.MESSAGES })],
    ['MESSAGES with receipts', 'badFrame', 'invalid_argument', () => ({ sn: 's', type: PayloadType.MESSAGES, receipts: {} })],
    ['SYNC without ids', 'badFrame', 'invalid_argument', () => ({ sn: 's', type: PayloadType.SYNC })],
    [
      'SYNC with a postbox',
      'badFrame',
      'invalid_argument',
      () => ({ sn: 's', type: PayloadType.SYNC, postbox: { posts: [text()] } }),
    ],
    [
      'SYNC of no category',
      'badFrame',
      'invalid_argument',
      () => ({ sn: 's', type: PayloadType.SYNC, local: { ids: [{ category: 0 }] } }),
    ],
    ['RECEIPTS without receipts', 'badFrame', 'invalid_argument', () => ({ sn: 's', type: PayloadType.RECEIPTS, postbox: {} })],
    [
      'RECEIPTS of no category',
      'badFrame',
      'invalid_argument',
      () => ({ sn: 's', type: PayloadType.RECEIPTS, receipts: { local_ids: [{ category: 0, last_id: '1' }] } }),
    ],
    [
      'too many categories',
      'badFrame',
      'invalid_argument',
      () => ({
        sn: 's',
        type: PayloadType.SYNC,
        local: { ids: Array.from({ length: 9 }, () => ({ category: Category.GROUP })) },
      }),
    ],
    [
      'too many posts',
      'badFrame',
      'invalid_argument',
      () => ({
        sn: 's',
        type: PayloadType.MESSAGES,
        postbox: { posts: Array.from({ length: 1_001 }, () => ({ postmark: text().postmark, type: Type.TEXT })) },
      }),
    ],
    [
      'a post of somebody else',
      'notAllowed',
      'permission_denied',
      () => ({
        sn: 's',
        type: PayloadType.MESSAGES,
        postbox: { posts: [text(), { ...text(), postmark: postmarkTo({ group: witness.group }, witness.two) }] },
      }),
    ],
    [
      'a post of nobody',
      'notAllowed',
      'permission_denied',
      () => ({
        sn: 's',
        type: PayloadType.MESSAGES,
        postbox: { posts: [{ ...text(), postmark: postmarkTo({ group: witness.group }, 0) }] },
      }),
    ],
    [
      'a post of an id beyond ours',
      'notAllowed',
      'permission_denied',
      () => ({
        sn: 's',
        type: PayloadType.MESSAGES,
        postbox: { posts: [{ ...text(), postmark: { ...text().postmark, sender: '9223372036854775807' } }] },
      }),
    ],
    [
      'somebody else reading',
      'notAllowed',
      'permission_denied',
      () => ({
        sn: 's',
        type: PayloadType.MESSAGES,
        postbox: {
          posts: [{ postmark: { ...postmarkTo({ group: witness.group }, witness.two), unique_id: '1' }, type: Type.READ }],
        },
      }),
    ],
  ];

  test.each(cases)('%s', async (_what, ending, counted, frame) => {
    const refusals = (): Promise<number> => server.metric('switchboard_refusals_total', { door: 'stream', code: counted });
    const before = await refusals();
    const link = await carrier.connect({ port: server.port, token: tokenFor(witness.one) });
    link.send(frame());
    expect((await link.ended).code).toBe(carrier.endings[ending]);
    expect(await refusals()).toBe(before + 1);
    await witness.unharmed();
  });

  test('what was sent before a bad frame is stored and can be asked for again', async () => {
    const [one, two] = await server.newUsers(2);
    const peer = await StreamPeer.connect(carrier, server, one);
    const posts = [textPost({ peer: two }, one, 'good')];
    peer.link.send({ sn: 'good', type: PayloadType.MESSAGES, postbox: { posts } });
    peer.link.send({ sn: 'bad', type: 0 });
    await peer.ended;
    const again = await StreamPeer.connect(carrier, server, one);
    const answer = await again.post(posts, 'good');
    const reader = await StreamPeer.connect(carrier, server, two);
    expect((await reader.sync([{ category: Category.PRIVATE }])).posts.map(({ postmark }) => postmark)).toEqual([
      answer.postbox?.posts?.[0]?.postmark,
    ]);
  });

  test('one byte over the limit ends the connection, one byte less does not', async () => {
    const link = await carrier.connect({ port: server.port, token: tokenFor(witness.one) });
    const whole = Buffer.alloc(524_288, ' ');
    const frame = { sn: 'x'.repeat(524_288), type: PayloadType.MESSAGES, postbox: {} };
    if (carrier === webSocketText) {
      whole.write(JSON.stringify({ ...frame, sn: 'fits' }), 'latin1');
      link.sendBytes(whole);
    } else link.send({ ...frame, sn: frame.sn.slice(8) });
    expect((await link.next()).type).toBe(PayloadType.MESSAGES);
    if (carrier === webSocketText) link.sendBytes(Buffer.concat([whole, Buffer.from(' ')]));
    else link.send(frame);
    expect((await link.ended).code).toBe(carrier.endings.tooBig);
    await witness.unharmed();
  });

  test('texts and addresses up to their limits pass, one byte more is refused and the connection lives on', async () => {
    const [one, two] = await server.newUsers(2);
    const peer = await StreamPeer.connect(carrier, server, one, { extensions: true });
    const reader = await StreamPeer.connect(carrier, server, two);
    const photo = (url: string): PostJson => ({ postmark: postmarkTo({ peer: two }, one), type: Type.PHOTO, resource: { url } });
    const answer = await peer.post([
      textPost({ peer: two }, one, 'x'.repeat(65_536)),
      textPost({ peer: two }, one, 'x'.repeat(65_537)),
      textPost({ peer: two }, one, `${'ü'.repeat(32_768)}x`),
      textPost({ peer: two }, one, 'ü'.repeat(32_768)),
      photo('https://example.org/'.padEnd(4_096, 'u')),
      photo('https://example.org/'.padEnd(4_097, 'u')),
      photo('https://example.org/\0'),
      textPost({ peer: two }, one, 'nul \0'),
      photo('javascript:alert(1)'),
      { ...photo('https://example.org/a'), resource: { url: 'https://example.org/a', thumbnail: 'data:text/html,x' } },
    ]);
    expect(answer.errors?.map(({ index, code }) => [index, code])).toEqual([1, 2, 5, 6, 7, 8, 9].map((index) => [index, 3]));
    const pushed = await reader.pushes.take(3);
    expect(pushed.map(({ text, resource }) => text?.content.length ?? resource?.url.length)).toEqual([65_536, 32_768, 4_096]);
  });
});
