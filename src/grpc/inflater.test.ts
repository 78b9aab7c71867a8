import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createInflater } from './inflater.ts';
import type { Inflater } from './inflater.ts';
import { GrpcError, GrpcStatus } from './status.ts';

const LIMIT = 100_000;

function inflate(inflater: Inflater, bytes: Buffer): Promise<Buffer | GrpcError> {
  return new Promise((resolve) => {
    inflater.inflate(bytes, resolve);
  });
}

test('many more jobs than may run at one time are all done', async () => {
  const inflater = createInflater(LIMIT, 2);
  const messages = Array.from({ length: 50 }, (_, index) => Buffer.from(`message ${index}`));
  const results = await Promise.all(messages.map((message) => inflate(inflater, gzipSync(message))));
  expect(results).toEqual(messages);
});

test('the limit is kept to the byte', async () => {
  const inflater = createInflater(LIMIT, 1);
  expect(await inflate(inflater, gzipSync(Buffer.alloc(LIMIT)))).toHaveLength(LIMIT);
  expect(await inflate(inflater, gzipSync(Buffer.alloc(LIMIT + 1)))).toMatchObject({ code: GrpcStatus.RESOURCE_EXHAUSTED });
});

test('what is not gzip, or only half of it, is refused, and the next job runs', async () => {
  const inflater = createInflater(LIMIT, 1);
  const half = gzipSync(Buffer.from('hello')).subarray(0, 12);
  const results = await Promise.all([Buffer.alloc(0), Buffer.from('rubbish'), half].map((bytes) => inflate(inflater, bytes)));
  expect(results.map((result) => result instanceof GrpcError && result.code)).toEqual(
    Array.from({ length: 3 }, () => GrpcStatus.INTERNAL),
  );
  expect(await inflate(inflater, gzipSync(Buffer.from('fine')))).toEqual(Buffer.from('fine'));
});

test('one at a time means in order, a short message behind a long one as well', async () => {
  const inflater = createInflater(20_000_000, 1);
  const done: number[] = [];
  const jobs = [20_000_000, 1, 1].map(async (size, index) => {
    await inflate(inflater, gzipSync(Buffer.alloc(size)));
    done.push(index);
  });
  await Promise.all(jobs);
  expect(done).toEqual([0, 1, 2]);
});

test('a cancelled job never calls back, running or waiting, and makes room', async () => {
  const inflater = createInflater(LIMIT, 1);
  const called: string[] = [];
  const running = inflater.inflate(gzipSync(Buffer.from('running')), () => called.push('running'));
  const waiting = inflater.inflate(gzipSync(Buffer.from('waiting')), () => called.push('waiting'));
  running.cancel();
  waiting.cancel();
  expect(await inflate(inflater, gzipSync(Buffer.from('last')))).toEqual(Buffer.from('last'));
  expect(called).toEqual([]);
});
