import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteBudget } from './budget.ts';
import { FrameReader, frameMessage } from './framing.ts';
import { GrpcError, GrpcStatus } from './status.ts';

const MAX = 1000;

function readAll(chunks: readonly Uint8Array[], budget = new ByteBudget(MAX)): { messages: Buffer[]; reader: FrameReader } {
  const reader = new FrameReader(MAX, budget);
  const messages: Buffer[] = [];
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk));
    for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message);
  }
  return { messages, reader };
}

function thrownBy(run: () => unknown): GrpcError {
  try {
    run();
  } catch (error) {
    if (error instanceof GrpcError) return error;
  }
  throw new Error('no GrpcError was thrown');
}

describe('frames', () => {
  test('a prefix is one byte and a big-endian length', () => {
    expect(frameMessage(Buffer.from('abc'))).toEqual(Buffer.from([0, 0, 0, 0, 3, 97, 98, 99]));
    expect(frameMessage(Buffer.alloc(0))).toEqual(Buffer.from([0, 0, 0, 0, 0]));
  });

  test('messages come out as they went in, wherever the chunks are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(400), { maxLength: 40 }), (sent, sizes) => {
        const stream = Buffer.concat(sent.map(frameMessage));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of [...sizes, stream.length]) {
          chunks.push(stream.subarray(at, at + size));
          at = Math.min(stream.length, at + size);
        }
        const { messages: received, reader } = readAll(chunks);
        expect(received).toEqual(sent.map((message) => Buffer.from(message)));
        expect(reader.partial).toBe(false);
      }),
    );
  });

  test('a message that lies in one chunk is a view of it', () => {
    const chunk = Buffer.concat([frameMessage(Buffer.from('one')), frameMessage(Buffer.from('two'))]);
    const reader = new FrameReader(MAX, new ByteBudget(0));
    reader.push(chunk);
    expect(reader.next()?.buffer).toBe(chunk.buffer);
    expect(reader.next()?.toString()).toBe('two');
  });

  test('a chunk that comes before the last one is used up waits behind it', () => {
    const reader = new FrameReader(MAX, new ByteBudget(MAX));
    reader.push(frameMessage(Buffer.from('one')));
    reader.push(frameMessage(Buffer.from('two')));
    expect([reader.next(), reader.next(), reader.next()].map((message) => message?.toString())).toEqual([
      'one',
      'two',
      undefined,
    ]);
  });

  test('says whether the last message is compressed', () => {
    const reader = new FrameReader(MAX, new ByteBudget(0));
    reader.push(Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    reader.next();
    expect(reader.compressed).toBe(true);
    reader.next();
    expect(reader.compressed).toBe(false);
  });

  test('knows that it is inside a message, prefix included', () => {
    for (const bytes of [[0], [0, 0, 0, 0, 2], [0, 0, 0, 0, 2, 1]]) {
      expect(readAll([Buffer.from(bytes)]).reader.partial, String(bytes)).toBe(true);
    }
  });
});

describe('hostile frames', () => {
  test('a length above the limit is refused on the prefix alone', () => {
    const error = thrownBy(() => readAll([Buffer.from([0, 0, 0, 0x03, 0xe9])]));
    expect(error.code).toBe(GrpcStatus.RESOURCE_EXHAUSTED);
  });

  test('the largest length there is, byte by byte', () => {
    const bytes = [0, 0xff, 0xff, 0xff, 0xff].map((byte) => Buffer.from([byte]));
    expect(thrownBy(() => readAll(bytes)).code).toBe(GrpcStatus.RESOURCE_EXHAUSTED);
  });

  test('a flag that does not exist is refused', () => {
    expect(thrownBy(() => readAll([Buffer.from([2, 0, 0, 0, 0])])).code).toBe(GrpcStatus.INTERNAL);
  });

  test('a claimed length takes nothing of the budget until its bytes come, and all comes back', () => {
    const budget = new ByteBudget(1_000_000);
    const reader = new FrameReader(1_000_000, budget);
    reader.push(Buffer.from([0, 0x00, 0x0f, 0x42, 0x40]));
    expect(reader.next()).toBeUndefined();
    expect(budget.held).toBe(0);
    for (let index = 0; index < 1_000_000 / 50; index += 1) {
      reader.push(Buffer.alloc(50));
      const message = reader.next();
      expect(message?.length).toBe(index === 1_000_000 / 50 - 1 ? 1_000_000 : undefined);
    }
    expect(budget.held).toBe(0);
  });

  test('an unfinished message above the budget is refused', () => {
    const budget = new ByteBudget(500);
    const chunk = Buffer.concat([Buffer.from([0, 0, 0, 0x03, 0xe8]), Buffer.alloc(100)]);
    expect(thrownBy(() => readAll([chunk], budget)).code).toBe(GrpcStatus.RESOURCE_EXHAUSTED);
    expect(budget.take(500)).toBe(true);
  });
});
