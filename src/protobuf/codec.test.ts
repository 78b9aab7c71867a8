/** The forms of the published interface, by example. Malformed input: malformed.test.ts. Against protobuf-es: oracle.test.ts. */
import { describe, expect, test } from 'vitest';
import {
  Category,
  compileCodec,
  EncodeError,
  PackageSchema,
  PayloadType,
  PostmarkSchema,
  PostSchema,
  StreamSchema,
  Type,
} from './index.ts';
import type { Package, Post, Postmark, Stream } from './index.ts';
import { sampleType } from '../../test/support/sample-messages.ts';

const stream = compileCodec<Stream>(StreamSchema);
const post = compileCodec<Post>(PostSchema);
const postmark = compileCodec<Postmark>(PostmarkSchema);

const frame: Stream = {
  sn: '7',
  target: 42,
  type: PayloadType.MESSAGES,
  postbox: {
    posts: [
      {
        postmark: {
          category: Category.GROUP,
          sender: 5,
          receiver: 9,
          unique_id: 2n ** 63n - 1n,
          expire: { seconds: 1, nanos: 340_012 },
          timestamp: { seconds: 63_108_020, nanos: 21_000_000 },
        },
        type: Type.TEXT,
        text: { content: 'Grüße, 世界 "quoted" \\ \n \u2028 🎉 \u0000' },
      },
    ],
  },
  errors: [],
};

const json = {
  sn: '7',
  target: '42',
  type: 2,
  postbox: {
    posts: [
      {
        postmark: {
          category: 2,
          sender: '5',
          receiver: '9',
          unique_id: '9223372036854775807',
          expire: '1.000340012s',
          timestamp: '1972-01-01T10:00:20.021Z',
        },
        type: 1,
        text: { content: 'Grüße, 世界 "quoted" \\ \n \u2028 🎉 \u0000' },
      },
    ],
  },
};

describe('the stream frame', () => {
  test('is printed with proto names, 64-bit integers as strings, enums as numbers', () => {
    expect(JSON.parse(stream.toJson(frame))).toEqual(json);
  });

  test('is printed with enum names on request', () => {
    const text = stream.toJson(frame, { enums: 'name' });
    expect(text).toContain('"type":"PAYLOAD_TYPE_MESSAGES"');
    expect(text).toContain('"category":"CATEGORY_GROUP"');
    expect(text).toContain('"type":"TYPE_TEXT"');
    expect(stream.parseJson(text)).toEqual(frame);
  });

  test('comes back from both of its forms', () => {
    expect(stream.parseJson(stream.toJson(frame))).toEqual(frame);
    expect(stream.decode(stream.encode(frame))).toEqual(frame);
  });

  test('has these bytes', () => {
    const bytes = stream.encode({ sn: 'a', type: PayloadType.RECEIPTS, receipts: { local_ids: [], postmarks: [] }, errors: [] });
    expect(bytes.toString('hex')).toBe('0a016118036200');
    expect(stream.encode({ sn: '', type: PayloadType.SYNC, cut: true, errors: [] }).toString('hex')).toBe('0a001801a00601');
  });

  test('leaves out what is unset, and keeps what is set to nothing', () => {
    expect(stream.toJson({ sn: '', type: PayloadType.UNSPECIFIED, target: 0, postbox: { posts: [] }, errors: [] })).toBe(
      '{"sn":"","target":"0","type":0,"postbox":{}}',
    );
    expect(stream.parseJson('{"sn":"","type":0,"postbox":{}}')).toEqual({ sn: '', type: 0, postbox: { posts: [] }, errors: [] });
  });

  test('can be larger than what the writer begins with', () => {
    const [first] = frame.postbox?.posts ?? [];
    const posts = Array.from({ length: 1000 }, () => first).filter((each) => each !== undefined);
    const large: Stream = { sn: 'x'.repeat(100_000), type: PayloadType.MESSAGES, postbox: { posts }, errors: [] };
    expect(stream.decode(stream.encode(large))).toEqual(large);
    expect(stream.parseJson(stream.toJson(large))).toEqual(large);
    expect(stream.decode(stream.encode(frame))).toEqual(frame);
  });
});

describe('JSON input', () => {
  const read = (member: object) => postmark.readJson({ category: 1, sender: 1, receiver: 2, ...member });

  test('takes enums by name and number, and 64-bit integers as string and number', () => {
    const expected = { category: 1, sender: 1, receiver: 2 };
    expect(postmark.parseJson('{"category":"CATEGORY_PRIVATE","sender":"1","receiver":2}')).toEqual(expected);
    expect(postmark.parseJson('{"category":1.0,"sender":1e0,"receiver":"0002"}')).toEqual(expected);
  });

  test('takes camelCase names, ignores unknown ones, and takes null as unset', () => {
    const expected = { category: 1, sender: 1, receiver: 2, unique_id: 3 };
    expect(read({ uniqueId: '3', colour: { deep: [1, { er: true }] }, expire: null })).toEqual(expected);
    expect(read({ uniqueId: null, unique_id: '3' })).toEqual(expected);
  });

  test('is exact for integers beyond 2^53 written as bare numbers', () => {
    const text = '{"category":1,"sender":9007199254740993,"receiver":9223372036854775807,"unique_id":9007199254740991}';
    expect(postmark.parseJson(text)).toEqual({
      category: 1,
      sender: 9_007_199_254_740_993n,
      receiver: 9_223_372_036_854_775_807n,
      unique_id: 9_007_199_254_740_991,
    });
  });

  test('takes floats as numbers and strings, and gives them back in the shortest form', () => {
    const readPost = (coordinate: object) =>
      post.readJson({ postmark: { category: 1, sender: 1, receiver: 2 }, type: 8, coordinate });
    const coordinate = { latitude: 48.137432, longitude: -11.5 };
    expect(readPost({ latitude: '48.137432', longitude: -11.5 }).coordinate).toEqual(coordinate);
    const rounded = post.decode(post.encode(readPost(coordinate)));
    expect(rounded.coordinate?.latitude).toBe(Math.fround(48.137432));
    expect(post.toJson(rounded)).toContain('"coordinate":{"latitude":48.137432,"longitude":-11.5}');
    expect(post.toJson(readPost({ latitude: 'NaN', longitude: '-Infinity' }))).toContain(
      '"coordinate":{"latitude":"NaN","longitude":"-Infinity"}',
    );
  });

  test('takes base64 of both alphabets, padded or not', () => {
    const codec = compileCodec<{ one_raw?: Uint8Array }>(sampleType('proto2.Single'));
    const raw = new Uint8Array([0xfb, 0xff, 0xfe, 0x01]);
    for (const text of ['+//+AQ==', '-__-AQ==', '-__-AQ', '+//+AQ'])
      expect(codec.readJson({ one_raw: text }).one_raw).toEqual(raw);
    expect(codec.toJson({ one_raw: raw })).toBe('{"one_raw":"+//+AQ=="}');
  });

  test('is not led astray by the names of object members', () => {
    const text = '{"sn":"a","type":1,"__proto__":{"sn":"b","target":"5"},"constructor":1,"toString":{}}';
    const message = stream.parseJson(text);
    expect(message).toEqual({ sn: 'a', type: 1, errors: [] });
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
    expect(() => stream.parseJson('{"__proto__":{"sn":"b","type":1}}')).toThrow('sn: missing');
  });
});

describe('binary input', () => {
  const decode = (hex: string) => stream.decode(Buffer.from(hex, 'hex'));

  test('may come in any Uint8Array, at any offset', () => {
    const bytes = new Uint8Array([9, 9, ...stream.encode(frame), 9]);
    expect(stream.decode(bytes.subarray(2, -1))).toEqual(frame);
  });

  test('may have fields in any order, more than once, and unknown: the last one wins', () => {
    expect(
      decode(['1803', '0a0162', 'ba3e03616263', '1801', 'f83e01', '0a0161', 'fd3e00000000', 'f93e0000000000000000'].join('')),
    ).toEqual({ sn: 'a', type: 1, errors: [] });
  });

  test('a message that comes in parts is merged, and complete only as a whole', () => {
    // postmark {category: 1}, postmark {sender: 7, timestamp: {seconds: 1}}, postmark {receiver: 8, timestamp: {nanos: 5}}
    const bytes = Buffer.from(['0a020801', '1001', '0a0610074a020801', '0a0618084a021005'].join(''), 'hex');
    expect(post.decode(bytes)).toEqual({
      postmark: { category: 1, sender: 7, receiver: 8, timestamp: { seconds: 1, nanos: 5 } },
      type: 1,
    });
    expect(() => post.decode(bytes.subarray(0, 14))).toThrow('postmark.receiver: missing');
  });

  test('lists of numbers are read packed and unpacked', () => {
    const codec = compileCodec<{ all_int32: number[] }>(sampleType('proto2.Many'));
    const [tag] = codec.encode({ all_int32: [1] });
    expect(tag).toBeDefined();
    const unpacked = codec.encode({ all_int32: [1, 300] });
    // Field 38: tag b0 02 as a varint, b2 02 as a packed run.
    expect(unpacked.toString('hex')).toBe('b00201b002ac02');
    expect(codec.decode(Buffer.from('b2020301ac02b00205', 'hex')).all_int32).toEqual([1, 300, 5]);
  });

  test('an unknown value of a closed enum that is optional counts as unset', () => {
    const codec = compileCodec<{ one_colour?: number }>(sampleType('proto2.Single'));
    const bytes = codec.encode({ one_colour: 5 });
    expect(codec.decode(bytes)['one_colour']).toBe(5);
    expect(codec.decode(Buffer.concat([bytes.subarray(0, -1), Buffer.from([6])]))).toEqual({});
  });

  test('an unknown value of an open enum is kept', () => {
    const codec = compileCodec<{ one_colour?: number }>(sampleType('proto3.Single'));
    const bytes = codec.encode({ one_colour: 77 });
    expect(codec.decode(bytes)).toEqual({ one_colour: 77 });
    expect(codec.toJson({ one_colour: 77 }, { enums: 'name' })).toBe('{"one_colour":77}');
  });
});

describe('writing', () => {
  const mark: Postmark = { category: Category.PRIVATE, sender: 1, receiver: 2 };
  const fault = (change: object) => [
    () => postmark.encode({ ...mark, ...change }),
    () => postmark.toJson({ ...mark, ...change }),
  ];

  test.each([
    [{ sender: undefined }, 'appootb.message.Postmark.sender: missing'],
    [{ category: 9 }, 'appootb.message.Postmark.category: unknown value 9'],
    [{ category: 'CATEGORY_ROOM' }, 'appootb.message.Postmark.category: not a 32-bit integer'],
    [{ sender: -1 }, 'appootb.message.Postmark.sender: negative'],
    [{ sender: 2 ** 53 }, 'appootb.message.Postmark.sender: not an exact 64-bit integer'],
    [{ sender: 2n ** 63n }, 'appootb.message.Postmark.sender: not an exact 64-bit integer'],
    [{ sender: '1' }, 'appootb.message.Postmark.sender: not an exact 64-bit integer'],
    [{ timestamp: { seconds: 1e12, nanos: 0 } }, 'appootb.message.Postmark.timestamp: not between the years 1 and 9999'],
    [{ timestamp: 5 }, 'appootb.message.Postmark.timestamp: not an object'],
    [{ expire: { seconds: 1, nanos: -1 } }, 'appootb.message.Postmark.expire: seconds and nanos differ in sign'],
  ])('refuses %o', (change, message) => {
    for (const write of fault(change)) expect(write).toThrow(new EncodeError(message));
    // What was half written is not left over for the next message.
    expect(postmark.encode(mark).toString('hex')).toBe('080110011802');
  });

  test('refuses two members of a oneof', () => {
    const codec = compileCodec<Package>(PackageSchema);
    const both = { sn: 'a', posts: [], tag: { product: 'p', name: 'n' }, conn: { product: 'p', unique_ids: [] } };
    expect(() => codec.encode(both)).toThrow('a second member of oneof target');
    expect(() => codec.toJson(both)).toThrow('a second member of oneof target');
  });
});
