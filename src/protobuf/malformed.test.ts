/** Everything a peer can get wrong: refused with a DecodeError that names the place, and with nothing else. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainMessage, sampleType } from '../../test/support/sample-messages.ts';
import { compileCodec, MAX_DEPTH } from './codec.ts';
import { Category, DecodeError, PackageSchema, PostmarkSchema, PostSchema, StreamSchema } from './index.ts';

const stream = compileCodec<Record<string, unknown>>(StreamSchema);
const post = compileCodec<Record<string, unknown>>(PostSchema);
const postmark = compileCodec<Record<string, unknown>>(PostmarkSchema);
const single = compileCodec<Record<string, unknown>>(sampleType('proto2.Single'));

function refused(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return 'accepted';
}

/** What was read, or undefined for what was refused. */
function accepted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

describe('binary', () => {
  test.each([
    ['08', 'sn: wire type 0 instead of 2', 'a wire type that is not the field’s'],
    ['0a0161', 'type: missing', 'a required field'],
    ['', 'sn: missing', 'nothing at all'],
    ['0a0161186300', 'type: unknown value 99', 'an unknown value of a required enum'],
    ['0a0161180180', 'ends in the middle of a value', 'a tag that is cut off'],
    ['0a01611880', 'type: ends in the middle of a value', 'a varint that is cut off'],
    ['0a016118' + '80'.repeat(10) + '01', 'type: a varint is longer than 64 bits', 'eleven bytes of varint'],
    ['0a016118' + 'ff'.repeat(9) + '02', 'type: a varint is longer than 64 bits', 'a varint of 65 bits'],
    ['0a056162', 'sn: a length goes beyond the end', 'a string that is cut off'],
    ['0affffffff0f61', 'sn: a length goes beyond the end', 'a length of 4 GB'],
    ['0affffffffffffffff7f61', 'sn: a length goes beyond the end', 'a length of 2^63-1'],
    ['0a02c328', 'sn: not UTF-8', 'broken UTF-8'],
    ['0a03eda080', 'sn: not UTF-8', 'half of a surrogate pair'],
    ['0a02c080', 'sn: not UTF-8', 'UTF-8 that is longer than it need be'],
    ['0a28' + '61'.repeat(39) + 'ff', 'sn: not UTF-8', 'broken UTF-8 in a long string'],
    ['0000', 'a field number is 0', 'field number 0'],
    ['ffffffffff1f00', 'a field number is above 2^29-1', 'a tag of more than 32 bits'],
    ['0a016118010b0c', 'sn: wire type 3 instead of 2', 'a group'],
    ['0a01611801fb3efc3e', 'groups are not supported', 'an unknown group'],
    ['0a01611801fe3e', 'wire type 6 does not exist', 'wire type 6'],
    ['0a01611801f93e0000', 'ends in the middle of a value', 'an unknown field that is cut off'],
    ['0a016118011080808080808080808001', 'target: above 2^63-1', '2^63'],
    ['0a0161180152005a00', 'postbox: a second member of oneof payload', 'two members of a oneof'],
    ['0a016118025a040a021001', 'postbox.posts[0].postmark: missing', 'a required field further in'],
    ['0a016118025a0a0a080a04080110051001', 'postbox.posts[0].postmark.receiver: missing', 'and further in'],
    ['0a016118025a030a0a00', 'postbox.posts[0]: a length goes beyond the end', 'a length beyond its message'],
  ])('%s: %s (%s)', (hex, message) => {
    expect(refused(() => stream.decode(Buffer.from(hex, 'hex')))).toBe(message);
  });

  test.each([
    ['timestamp', { seconds: 253_402_300_800n, nanos: 0 }, 'not between the years 1 and 9999'],
    ['timestamp', { seconds: 2n ** 63n - 1n, nanos: 0 }, 'not between the years 1 and 9999'],
    ['timestamp', { seconds: -62_135_596_801n, nanos: 0 }, 'not between the years 1 and 9999'],
    ['timestamp', { seconds: 0n, nanos: -1 }, 'nanos are not between 0 and 999999999'],
    ['timestamp', { seconds: 0n, nanos: 1_000_000_000 }, 'nanos are not between 0 and 999999999'],
    ['expire', { seconds: 315_576_000_001n, nanos: 0 }, 'longer than 10000 years'],
    ['expire', { seconds: -(2n ** 63n), nanos: 0 }, 'longer than 10000 years'],
    ['expire', { seconds: 0n, nanos: 1_000_000_000 }, 'nanos are not between -999999999 and 999999999'],
    ['expire', { seconds: 1n, nanos: -1 }, 'seconds and nanos differ in sign'],
  ])('%s %o: %s', (name, time, message) => {
    const timed = create(PostmarkSchema, { category: Category.PRIVATE, sender: 1n, receiver: 2n, [name]: time });
    expect(refused(() => postmark.decode(toBinary(PostmarkSchema, timed)))).toBe(`${name}: ${message}`);
  });

  test('deep nesting', () => {
    const nested = (depth: number) => {
      let message: Record<string, unknown> = {};
      for (let level = 1; level < depth; level += 1) message = { one_child: message };
      return message;
    };
    expect(single.decode(single.encode(nested(MAX_DEPTH)))).toEqual(nested(MAX_DEPTH));
    expect(refused(() => single.decode(single.encode(nested(MAX_DEPTH + 1))))).toMatch(/nested too deeply$/);
    const tag = single.encode({ one_child: {} }).subarray(0, -1);
    let bytes: Buffer = Buffer.alloc(0);
    for (let level = 0; level < 20_000; level += 1) {
      const length = [0, 7, 14].map((shift) => ((bytes.length >> shift) & 0x7f) | (shift < 14 ? 0x80 : 0));
      bytes = Buffer.concat([tag, Buffer.from(length), bytes]);
    }
    expect(refused(() => single.decode(bytes))).toMatch(/nested too deeply$/);
    expect(single.parseJson(single.toJson(nested(MAX_DEPTH)))).toEqual(nested(MAX_DEPTH));
    expect(refused(() => single.parseJson(single.toJson(nested(MAX_DEPTH + 1))))).toMatch(/nested too deeply$/);
  });
});

describe('JSON', () => {
  const rest = '"category":1,"receiver":2';

  test.each([
    ['not JSON', ''],
    ['not JSON', '{'],
    ['not JSON', '['.repeat(1_000_000)],
    ['not an object', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['nested too deeply', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['nested too deeply', `{"sender":9007199254740993,${rest},"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['not an object', 'null'],
    ['not an object', '"text"'],
    ['not an object', '[]'],
    ['category: missing', '{}'],
    ['receiver: missing', `{"category":1,"receiver":null,"sender":1}`],
    ['sender: negative', `{${rest},"sender":-1}`],
    ['sender: negative', `{${rest},"sender":"-1"}`],
    ['sender: not an integer', `{${rest},"sender":1.5}`],
    ['sender: not an integer', `{${rest},"sender":"1.5"}`],
    ['sender: not an integer', `{${rest},"sender":""}`],
    ['sender: not an integer', `{${rest},"sender":"-"}`],
    ['sender: not an integer', `{${rest},"sender":" 1"}`],
    ['sender: not an integer', `{${rest},"sender":"0x10"}`],
    ['sender: not an integer', `{${rest},"sender":"${'0'.repeat(21)}"}`],
    ['sender: not an integer', `{${rest},"sender":true}`],
    ['sender: not an integer', `{${rest},"sender":{}}`],
    ['sender: not an integer', `{${rest},"sender":1e999}`],
    ['sender: above 2^63-1', `{${rest},"sender":"9223372036854775808"}`],
    ['sender: above 2^63-1', `{${rest},"sender":"18446744073709551615"}`],
    ['sender: above 2^63-1', `{${rest},"sender":9223372036854775808}`],
    ['sender: an integer beyond 2^53 must be sent in digits, best as a string', `{${rest},"sender":1e300}`],
    ['category: unknown value "PRIVATE"', `{${rest},"sender":1,"category":"PRIVATE"}`],
    ['category: unknown value 9', `{${rest},"sender":1,"category":9}`],
    ['category: not an integer', `{${rest},"sender":1,"category":1.5}`],
    ['category: not the name or the number of an enum value', `{${rest},"sender":1,"category":[]}`],
    ['unique_id: given twice, in both spellings', `{${rest},"sender":1,"unique_id":1,"uniqueId":1}`],
    ['expire: not a string', `{${rest},"sender":1,"expire":5}`],
    ['expire: not a duration in seconds, like "1.5s"', `{${rest},"sender":1,"expire":"5"}`],
    ['expire: not a duration in seconds, like "1.5s"', `{${rest},"sender":1,"expire":"1.0000000001s"}`],
    ['expire: longer than 10000 years', `{${rest},"sender":1,"expire":"315576000001s"}`],
  ])('%s', (message, text) => {
    expect(refused(() => postmark.parseJson(text))).toBe(message);
  });

  test.each([
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T23:59:60Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00.1234567890Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00Z ',
    '10000-01-01T00:00:00Z',
    '',
  ])('no time: %s', (timestamp) => {
    const json = { category: 1, sender: 1, receiver: 2, timestamp };
    expect(refused(() => postmark.readJson(json))).toBe('timestamp: not a time like "2026-01-31T23:59:59Z"');
  });

  test('times before the year 1 and after 9999, by their offset', () => {
    const read = (timestamp: string) => refused(() => postmark.readJson({ category: 1, sender: 1, receiver: 2, timestamp }));
    expect(read('0001-01-01T00:00:00+00:01')).toBe('timestamp: not between the years 1 and 9999');
    expect(read('9999-12-31T23:59:59-00:01')).toBe('timestamp: not between the years 1 and 9999');
    expect(read('0000-12-31T23:59:59Z')).toBe('timestamp: not between the years 1 and 9999');
    expect(read('9999-12-31T23:59:59.999999999Z')).toBe('accepted');
  });

  test('strings, lists and members of a oneof', () => {
    const frame = (member: object) => refused(() => stream.readJson({ sn: 'a', type: 1, ...member }));
    expect(frame({ sn: '\ud83c' })).toBe('sn: half of a surrogate pair');
    expect(frame({ sn: 5 })).toBe('sn: not a string');
    expect(frame({ sn: 'nul \u0000 is text' })).toBe('accepted');
    expect(frame({ cut: 'true' })).toBe('cut: not true or false');
    expect(frame({ postbox: { posts: {} } })).toBe('postbox.posts: not an array');
    expect(frame({ postbox: { posts: [null] } })).toBe('postbox.posts[0]: not an object');
    expect(frame({ local: {}, receipts: {} })).toBe('receipts: a second member of oneof payload');
    expect(frame({ local: null, receipts: {} })).toBe('accepted');
    const mark = { category: 1, sender: 1, receiver: 2 };
    const posts = [
      { postmark: mark, type: 1, text: { content: '' } },
      { postmark: { ...mark, sender: 'you' }, type: 1 },
    ];
    expect(frame({ postbox: { posts } })).toBe('postbox.posts[1].postmark.sender: not an integer');
    const coordinate = { latitude: '1,5', longitude: 1 };
    expect(refused(() => post.readJson({ postmark: mark, type: 8, coordinate }))).toBe('coordinate.latitude: not a number');
    expect(refused(() => post.readJson({ postmark: mark, type: 8, coordinate: { latitude: 1e39, longitude: 1 } }))).toBe(
      'coordinate.latitude: beyond a 32-bit float',
    );
    for (const raw of ['a', 'ab=', 'a===', 'ab==c', 'ä', 5]) {
      expect(refused(() => single.readJson({ one_raw: raw }))).toBe('one_raw: not base64');
    }
    expect(refused(() => single.readJson({ one_int32: 2 ** 31 }))).toBe('one_int32: does not fit in 32 bits');
    expect(refused(() => single.readJson({ one_uint32: -1 }))).toBe('one_uint32: does not fit in 32 unsigned bits');
  });

  test('a number that JSON.parse has rounded is refused when only the value is there', () => {
    const json = { category: 1, sender: 2 ** 60, receiver: 2 };
    expect(refused(() => postmark.readJson(json))).toMatch(/^sender: an integer beyond 2\^53/);
  });
});

describe('whatever comes', () => {
  const types: DescMessage[] = [
    StreamSchema,
    PostSchema,
    PackageSchema,
    sampleType('proto2.Single'),
    sampleType('proto2.Many'),
    sampleType('proto3.Many'),
  ];

  /** Valid bytes or text with pieces replaced, dropped, doubled. */
  function mutated<T extends Uint8Array | string>(of: fc.Arbitrary<T>, pieces: fc.Arbitrary<T>, join: (parts: T[]) => T) {
    const edit = fc.tuple(fc.nat(), fc.nat({ max: 4 }), pieces);
    return fc.tuple(of, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([value, edits]) =>
      edits.reduce((now, [place, length, piece]) => {
        const at = place % (now.length + 1);
        return join([now.slice(0, at) as T, piece, now.slice(at + length) as T]);
      }, value),
    );
  }

  describe.each(types)('$typeName', (desc) => {
    const codec = compileCodec<Record<string, unknown>>(desc);
    const valid = plainMessage(desc, 3);
    const joinBytes = (parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
    const bytes = mutated(
      valid.map((message) => new Uint8Array(codec.encode(message))),
      fc.uint8Array({ maxLength: 3 }),
      joinBytes,
    );
    const text = mutated(
      valid.map((message) => codec.toJson(message)),
      fc.oneof(fc.constantFrom('"', '{', ']', ',', 'null', '-', '9e9', '1'.repeat(19), '\\ud800'), fc.string({ maxLength: 2 })),
      (parts) => parts.join(''),
    );

    test('bytes are decoded as protobuf-es decodes them, or refused', () => {
      fc.assert(
        fc.property(fc.oneof(bytes, fc.uint8Array({ maxLength: 60 })), (input) => {
          const message = accepted(() => codec.decode(input));
          if (message === undefined) return;
          const theirs = fromBinary(desc, input, { readUnknownFields: false });
          // By way of our decoder, as theirs takes unknown values of closed enums for values.
          expect(codec.decode(toBinary(desc, theirs))).toEqual(message);
          expect(codec.decode(codec.encode(message))).toEqual(message);
        }),
        { numRuns: 500 },
      );
    });

    test('text is read to something that can be written, or refused', () => {
      fc.assert(
        fc.property(fc.oneof(text, fc.string()), (input) => {
          const message = accepted(() => codec.parseJson(input));
          if (message === undefined) return;
          expect(codec.readJson(JSON.parse(codec.toJson(message)))).toEqual(message);
          expect(() => codec.encode(message)).not.toThrow();
        }),
        { numRuns: 500 },
      );
    });

    test('any JSON value is read or refused', () => {
      const keys = fc.oneof(fc.constantFrom(...desc.fields.map((field) => field.name)), fc.string());
      const value = fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue({ maxDepth: 2 })));
      fc.assert(
        fc.property(value, (json) => {
          expect(refused(() => codec.readJson(json))).not.toBe('');
        }),
        { numRuns: 200 },
      );
    });
  });
});

test('the zero of a field without presence is no value, and takes an earlier one back', () => {
  const codec = compileCodec<Record<string, unknown>>(sampleType('proto3.Single'));
  const none = codec.parseJson('{}');
  expect(codec.parseJson('{"one_double": 0, "one_int32": 0, "one_text": "", "one_raw": "", "one_flag": false}')).toEqual(none);
  expect(codec.parseJson('{"one_double": -0.0}')).toEqual({ ...none, one_double: -0 });
  const one = Buffer.from(codec.encode({ ...none, one_int32: 7 }));
  const zero = Buffer.concat([one.subarray(0, -1), Buffer.of(0)]);
  expect(codec.decode(one)).toEqual({ ...none, one_int32: 7 });
  expect(codec.decode(Buffer.concat([one, zero]))).toEqual(none);
});

test('types that a codec has no room for are refused at start', () => {
  expect(() => compileCodec(StructSchema)).toThrow(TypeError);
});
