/**
 * What the codec costs, against protobuf-es and against JSON.parse, for a stream frame with one text post.
 *
 *   node bench/codec.ts [seconds per case, default 1]
 *
 * Cases take turns in short rounds and the best round of each counts, so that another load on the machine hurts all of
 * them alike. Read the ratios, not the absolute figures.
 */
import { fromBinary, fromJson, fromJsonString, toBinary, toJson, toJsonString } from '@bufbuild/protobuf';
import { Category, compileCodec, PayloadType, StreamSchema, Type } from '../src/protobuf/index.ts';
import type { Stream } from '../src/protobuf/index.ts';

const ROUNDS = 10;
const codec = compileCodec<Stream>(StreamSchema);
const plain: Stream = {
  sn: 'c1f0-000042',
  type: PayloadType.MESSAGES,
  errors: [],
  postbox: {
    posts: [
      {
        postmark: {
          category: Category.GROUP,
          sender: 4211887231533057,
          receiver: 4211887231540001,
          unique_id: 4211990231533057,
          timestamp: { seconds: 1794312345, nanos: 678_000_000 },
        },
        type: Type.TEXT,
        text: { content: 'Shall we meet at the station at half past six? I will bring the tickets and the map.' },
      },
    ],
  },
};
const bytes = codec.encode(plain);
const text = codec.toJson(plain);
const message = fromBinary(StreamSchema, bytes);
const ignoreUnknownFields = true;
const useProtoFieldName = true;

const cases: Record<string, () => unknown> = {
  'ours decode': () => codec.decode(bytes),
  'protobuf-es fromBinary': () => fromBinary(StreamSchema, bytes),
  'ours encode': () => codec.encode(plain),
  'protobuf-es toBinary': () => toBinary(StreamSchema, message),
  'ours toJson': () => Buffer.byteLength(codec.toJson(plain)),
  'protobuf-es toJsonString': () => Buffer.byteLength(toJsonString(StreamSchema, message, { useProtoFieldName })),
  'protobuf-es JSON.stringify(toJson)': () => JSON.stringify(toJson(StreamSchema, message, { useProtoFieldName })),
  'JSON.parse alone': () => JSON.parse(text),
  'ours parseJson': () => codec.parseJson(text),
  'ours readJson(JSON.parse)': () => codec.readJson(JSON.parse(text)),
  'protobuf-es fromJson(JSON.parse)': () => fromJson(StreamSchema, JSON.parse(text), { ignoreUnknownFields }),
  'protobuf-es fromJsonString': () => fromJsonString(StreamSchema, text, { ignoreUnknownFields }),
};

/** Runs per second over about that many milliseconds. */
function rate(run: () => unknown, milliseconds: number): number {
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(milliseconds * 1e6));
  let count = 0;
  let now = start;
  while (now < end) {
    for (let index = 0; index < 1000; index += 1) run();
    count += 1000;
    now = process.hrtime.bigint();
  }
  return (count * 1e9) / Number(now - start);
}

const seconds = Number(process.argv[2] ?? 1);
const best = new Map<string, number>();
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, run] of Object.entries(cases)) {
    const measured = rate(run, (seconds * 1000) / ROUNDS);
    // The first round warms up.
    if (round > 0) best.set(name, Math.max(best.get(name) ?? 0, measured));
  }
}
console.log(`node ${process.version}, ${bytes.length} bytes binary, ${text.length} characters JSON, thousands per second`);
for (const [name, value] of best) console.log(`${name.padEnd(36)} ${(value / 1000).toFixed(0).padStart(6)}`);
