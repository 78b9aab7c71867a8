/** The file of events on disks and beside programs that do what they should not. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileSink } from '../../../src/sinks/file.ts';
import type { FileSinkDeps } from '../../../src/sinks/file.ts';
import { SinkSetupError } from '../../../src/sinks/setup-error.ts';
import type { Outcome, Sink } from '../../../src/sinks/sink.ts';
import { createClock } from '../../support/clock.ts';
import { feedEvent } from '../../support/feed-events.ts';

const MIB = 1024 ** 2;

let folder: string;
let path: string;
let stack: AsyncDisposableStack;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-events-'));
  path = join(folder, 'events.jsonl');
  stack = new AsyncDisposableStack();
});
afterEach(async () => {
  await stack.disposeAsync();
  rmSync(folder, { recursive: true });
});

async function opened(more: Partial<FileSinkDeps> = {}): Promise<Sink> {
  const sink = await createFileSink({ path, maxBytes: MIB, keep: 3, ...more });
  stack.defer(() => sink.close());
  return sink;
}

const lineOf = (id: number): string => `${feedEvent(id).json}\n`;
const linesOf = (...ids: number[]): string => ids.map(lineOf).join('');
const content = (): string => readFileSync(path, 'utf8');

async function deliver(sink: Sink, ...ids: number[]): Promise<Outcome | undefined> {
  const outcomes = await sink.deliver(
    ids.map((id) => feedEvent(id)),
    new AbortController().signal,
  );
  expect(new Set(outcomes.map(({ type }) => type)).size).toBe(1);
  return outcomes[0];
}

const delivered = { type: 'delivered' };
const unavailable = (why: string) => ({ type: 'unavailable', why: expect.stringContaining(why) });

/** `open`, with handles of which a method fails as long as `failure` says how. */
function failing(method: 'appendFile' | 'datasync', fault: { code: string | undefined; half?: boolean }): typeof open {
  return async (...args) => {
    const handle = await open(...args);
    const [append, real] = [handle.appendFile.bind(handle), handle[method].bind(handle)] as const;
    const fail = async (...given: [Buffer]): Promise<void> => {
      if (fault.code === undefined) return real(...given);
      if (fault.half === true) await append(given[0].subarray(0, given[0].length / 2));
      throw Object.assign(new Error('told by a test'), { code: fault.code });
    };
    return Object.assign(handle, { [method]: fail });
  };
}

describe('what is in the file', () => {
  it('is a line for each event, in their order, readable by its owner alone', async () => {
    const sink = await opened();
    expect(await deliver(sink, 1, 2, 3)).toEqual(delivered);
    expect(await deliver(sink, 4)).toEqual(delivered);
    expect(content()).toBe(linesOf(1, 2, 3, 4));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('stays there when the server starts again', async () => {
    const first = await opened();
    await deliver(first, 1);
    await first.close();
    await deliver(await opened(), 2);
    expect(content()).toBe(linesOf(1, 2));
  });

  it('is whole lines after a crash at any byte', async () => {
    const whole = linesOf(1, 2, 3);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: Buffer.byteLength(whole) }), async (bytes) => {
        writeFileSync(path, whole);
        truncateSync(path, bytes);
        const kept = readFileSync(path, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => `${line}\n`);
        const sink = await createFileSink({ path, maxBytes: MIB, keep: 3 });
        expect(await deliver(sink, 4)).toEqual(delivered);
        await sink.close();
        expect(content()).toBe(kept.join('') + lineOf(4));
      }),
      { numRuns: 50 },
    );
  });

  it('a half line may be longer than what is read at a time, or be zeros', async () => {
    writeFileSync(path, `${lineOf(1)}{"payload":"${'x'.repeat(200_000)}`);
    await (await opened()).close();
    expect(content()).toBe(lineOf(1));
    writeFileSync(path, `${lineOf(1)}${'\0'.repeat(5_000)}`);
    await opened();
    expect(content()).toBe(lineOf(1));
  });
});

describe('rotation', () => {
  const ended = (): string[] =>
    readdirSync(folder)
      .filter((name) => name !== 'events.jsonl')
      .sort();

  it('begins a new file when the old one is large, and keeps the newest', async () => {
    const clock = createClock();
    const sink = await opened({ maxBytes: 1, keep: 2, now: clock.now });
    for (let id = 1; id <= 5; id += 1) {
      expect(await deliver(sink, id)).toEqual(delivered);
      clock.advance(1_000);
    }
    expect(content()).toBe(lineOf(5));
    expect(ended()).toEqual(['events.jsonl.20260101T000003.000Z', 'events.jsonl.20260101T000004.000Z']);
    expect(ended().map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual([lineOf(3), lineOf(4)]);
    expect(ended().map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  it('loses nothing when several end in one moment, nor touches the files of others', async () => {
    writeFileSync(join(folder, 'events.jsonl.20250101T000000.000Z.gz'), 'of another');
    writeFileSync(join(folder, 'other.jsonl.20250101T000000.000Z'), 'of another');
    const sink = await opened({ maxBytes: 1, keep: 10, now: createClock().now });
    for (let id = 1; id <= 4; id += 1) await deliver(sink, id);
    expect(ended().slice(0, 4)).toEqual([
      'events.jsonl.20250101T000000.000Z.gz',
      'events.jsonl.20260101T000000.000Z',
      'events.jsonl.20260101T000000.001Z',
      'events.jsonl.20260101T000000.002Z',
    ]);
    expect(ended()).toContain('other.jsonl.20250101T000000.000Z');
  });

  it('by another program: goes on in a new file of the name, or at the end of the shortened one', async () => {
    const sink = await opened();
    await deliver(sink, 1);
    renameSync(path, `${path}.1`);
    expect(await deliver(sink, 2)).toEqual(delivered);
    expect([readFileSync(`${path}.1`, 'utf8'), content()]).toEqual([lineOf(1), lineOf(2)]);
    truncateSync(path, 0);
    expect(await deliver(sink, 3)).toEqual(delivered);
    rmSync(path);
    expect(await deliver(sink, 4)).toEqual(delivered);
    expect(content()).toBe(lineOf(4));
  });
});

describe('disks that fail', () => {
  it.each([
    ['full', 'ENOSPC', 'the disk of events-file is full'],
    ['over its quota', 'EDQUOT', 'the disk of events-file is full'],
    ['broken', 'EIO', 'cannot be written: EIO'],
  ])('%s: an outage, nothing half is left, and it goes on', async (_, code, why) => {
    const fault: { code: string | undefined; half: boolean } = { code: undefined, half: true };
    const sink = await opened({ openFile: failing('appendFile', fault) });
    expect(await deliver(sink, 1)).toEqual(delivered);
    fault.code = code;
    expect(await deliver(sink, 2, 3)).toEqual(unavailable(why));
    expect(content()).toBe(lineOf(1));
    fault.code = undefined;
    expect(await deliver(sink, 2, 3)).toEqual(delivered);
    expect(content()).toBe(linesOf(1, 2, 3));
  });

  it('a sync that fails is no delivery', async () => {
    const fault: { code: string | undefined } = { code: 'EIO' };
    const sink = await opened({ openFile: failing('datasync', fault) });
    expect(await deliver(sink, 1)).toEqual(unavailable('EIO'));
    fault.code = undefined;
    expect(await deliver(sink, 1)).toEqual(delivered);
    expect(content()).toBe(lineOf(1));
  });

  it('a folder that goes away is an outage until it is back', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    const sink = await opened({ path: join(inner, 'events.jsonl') });
    renameSync(inner, `${inner}-gone`);
    expect(await deliver(sink, 1)).toEqual(unavailable('ENOENT'));
    mkdirSync(inner);
    expect(await deliver(sink, 1)).toEqual(delivered);
    expect(readFileSync(join(inner, 'events.jsonl'), 'utf8')).toBe(lineOf(1));
  });
});

describe('what is told at the start', () => {
  const told = async (given: string): Promise<string> => {
    const error: unknown = await createFileSink({ path: given, maxBytes: MIB, keep: 1 }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(SinkSetupError);
    return error instanceof Error ? error.message : '';
  };

  it('a folder that does not exist, a file in place of the folder, a folder in place of the file', async () => {
    expect(await told(join(folder, 'none', 'events.jsonl'))).toMatch(/lies in a folder that does not exist\. Make the folder/);
    writeFileSync(path, '');
    expect(await told(join(path, 'events.jsonl'))).toMatch(/is not a folder\. Choose another path/);
    expect(await told(folder)).toMatch(/is a folder\. Choose the path of a file/);
  });

  it('a device', async () => {
    expect(await told('/dev/null')).toMatch(/is not a file/);
  });

  it.each(['EACCES', 'EROFS'])('a file that may not be written (%s)', async (code) => {
    const openFile: typeof open = async () => {
      throw Object.assign(new Error('no'), { code });
    };
    await expect(createFileSink({ path, maxBytes: MIB, keep: 1, openFile })).rejects.toThrow(
      new RegExp(`may not be written by this user \\(${code}\\)\\. Change the owner`),
    );
  });

  it('a file of something else is not cut off', async () => {
    writeFileSync(path, 'a,b\n1,2');
    expect(await told(path)).toMatch(/ends in something that is no event\. Choose another path/);
    expect(content()).toBe('a,b\n1,2');
    expect(existsSync(path)).toBe(true);
  });
});
