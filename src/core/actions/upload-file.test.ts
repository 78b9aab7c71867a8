import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { actorFor, openCore, refusalOf, text } from '../../../test/support/core.ts';
import type { CoreOptions, TestCore } from '../../../test/support/core.ts';
import { bytesOf, memoryMedia } from '../../../test/support/media.ts';
import type { MemoryMedia } from '../../../test/support/media.ts';
import { contentOfFile } from '../file-content.ts';
import type { StoredFile } from '../model.ts';

const DAY = 86_400_000;

interface World extends TestCore {
  readonly media: MemoryMedia;
  upload(user: number, bytes: string, name?: string): Promise<StoredFile>;
  send(user: number, peer: number, file: StoredFile): Promise<number>;
}

async function open(options: Partial<CoreOptions> = {}): Promise<World> {
  const media = memoryMedia();
  const core = await openCore({ media, ...options });
  await core.users(1, 2, 3);
  return {
    ...core,
    media,
    upload: (user, bytes, name = 'a.bin') => core.chat.uploadFile(actorFor(user), { name, bytes: bytesOf(bytes) }),
    async send(user, peer, file) {
      return (await core.chat.sendMessage(actorFor(user), { target: { peer }, content: contentOfFile(file) })).message.id;
    },
  };
}

/** One round of the cleaner; its work takes some turns of the event loop. */
async function clean(core: TestCore): Promise<void> {
  vi.advanceTimersByTime(1_000);
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    await core.chat.core.committer.idle();
  }
}

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => vi.useRealTimers());

describe('an upload', () => {
  test('is a file of its owner, with a clean name, and its bytes are kept', async () => {
    const core = await open();
    const file = await core.upload(1, 'hello', '../../etc/pass\u202Ewd\r\n.txt');
    expect(file).toMatchObject({ owner: 1, namespace: 'default', name: 'passwd.txt', size: 5 });
    expect(core.media.kept.get(file.hash)?.toString()).toBe('hello');
    expect(await core.chat.findFile(actorFor(1), file.id)).toEqual(file);
    expect(await core.store.unusedBlobs(10)).toEqual([]);
  });

  test('is for users and back ends, not for guests or nobody', async () => {
    const { chat } = await open();
    const upload = (actor: Parameters<typeof actorFor>[1], user = 1) =>
      refusalOf(chat.uploadFile(actorFor(user, actor), { name: 'a', bytes: bytesOf('a') }));
    expect(await upload({ role: 'guest' })).toBe('permission_denied');
    expect(await upload({}, 0)).toBe('permission_denied');
    expect(await upload({ server: true }, 0)).toBe('not refused');
  });

  test('that breaks off or is too large leaves nothing', async () => {
    const core = await open({ limits: { maxFileBytes: 4 } });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('he');
      await Promise.reject(new Error('gone'));
    }
    await expect(core.chat.uploadFile(actorFor(1), { name: 'a', bytes: broken() })).rejects.toThrow('gone');
    expect(await refusalOf(core.upload(1, 'hello'))).toBe('too_large');
    expect(core.media.kept.size).toBe(0);
    expect(await core.store.unusedFiles('default', 1)).toEqual({ count: 0, bytes: 0 });
  });

  test('that stays unused counts against a quota of files and bytes, which using it gives back', async () => {
    const core = await open({ limits: { maxUnusedFiles: 2, maxUnusedBytes: 10 } });
    const [first] = [await core.upload(1, 'one'), await core.upload(1, 'two')];
    expect(await refusalOf(core.upload(1, 'three'))).toBe('rate_limited');
    expect(await refusalOf(core.upload(2, 'three'))).toBe('not refused');
    await core.send(1, 2, first);
    expect(await refusalOf(core.upload(1, '12345678'))).toBe('rate_limited');
    expect(await refusalOf(core.upload(1, '1234567'))).toBe('not refused');
    const byServer = core.chat.uploadFile(actorFor(1, { server: true }), { name: 'a', bytes: bytesOf('12345678901') });
    expect(await refusalOf(byServer)).toBe('not refused');
  });

  test('is one of a few that a user may have under way', async () => {
    const core = await open({ limits: { maxUploadsPerUser: 1 } });
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<Uint8Array> {
      await arrived;
      yield Buffer.from('slow');
    }
    const first = core.chat.uploadFile(actorFor(1), { name: 'a', bytes: slow() });
    expect(await refusalOf(core.upload(1, 'more'))).toBe('rate_limited');
    expect(await refusalOf(core.upload(2, 'more'))).toBe('not refused');
    arrive();
    await first;
    expect(await refusalOf(core.upload(1, 'more'))).toBe('not refused');
  });
});

describe('cleaning up', () => {
  test('drops what was never used after its time, and then its bytes', async () => {
    const core = await open();
    const [unused, used] = [await core.upload(1, 'unused'), await core.upload(1, 'used')];
    await core.send(1, 2, used);
    core.clock.advance(DAY - 1);
    await clean(core);
    expect(await core.store.file(unused.id)).toEqual(unused);
    core.clock.advance(60_001);
    await clean(core);
    expect(await core.store.file(unused.id)).toBeUndefined();
    expect([...core.media.kept.keys()]).toEqual([used.hash]);
    expect(await core.store.unusedBlobs(10)).toEqual([]);
  });

  test('removes the bytes of a recalled message at once, unless another file has the same', async () => {
    const core = await open();
    const [mine, same, other] = [await core.upload(1, 'same'), await core.upload(2, 'same'), await core.upload(1, 'other')];
    const [first, second, third] = [await core.send(1, 2, mine), await core.send(2, 1, same), await core.send(1, 2, other)];
    await core.chat.recallMessage(actorFor(1), first);
    await core.chat.recallMessage(actorFor(1), third);
    await clean(core);
    expect([...core.media.kept.keys()]).toEqual([same.hash]);
    expect(await refusalOf(core.chat.findFile(actorFor(1), mine.id))).toBe('not_found');
    await core.chat.recallMessage(actorFor(2), second);
    await clean(core);
    expect(core.media.kept.size).toBe(0);
  });

  test('removes what an upload left that ended before its file was saved', async () => {
    const core = await open({
      around: (store) => ({
        ...store,
        commit: (operations) =>
          operations.some(({ type }) => type === 'file')
            ? Promise.reject(new Error('the disk is full'))
            : store.commit(operations),
      }),
    });
    expect(await refusalOf(core.upload(1, 'lost'))).toBe('unavailable');
    expect(core.media.kept.size).toBe(1);
    await clean(core);
    expect(core.media.kept.size).toBe(0);
    expect(await core.store.unusedBlobs(10)).toEqual([]);
  });

  test('leaves bytes alone that an upload is keeping at this moment, and tries again what failed', async () => {
    const media = memoryMedia();
    const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
    let failures = 1;
    const core = await open({
      media: {
        ...media,
        async receive(bytes, max) {
          const upload = await media.receive(bytes, max);
          return { ...upload, keep: () => upload.keep().then(() => allowed) };
        },
        remove: (hash) => (failures-- > 0 ? Promise.reject(new Error('not now')) : media.remove(hash)),
      },
    });
    const uploading = core.upload(1, 'held');
    await clean(core);
    await clean(core);
    expect(media.kept.size).toBe(1);
    allow();
    const file = await uploading;
    await core.chat.recallMessage(actorFor(1), await core.send(1, 2, file));
    await clean(core);
    expect(media.kept.size).toBe(1);
    expect(core.complaints).toContain('unused files could not be removed; it will be tried again');
    await clean(core);
    expect(media.kept.size).toBe(0);
  });

  test('does not take equal bytes away from an upload that comes meanwhile', async () => {
    const media = memoryMedia();
    const { promise: removing, resolve: begun } = Promise.withResolvers<void>();
    const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
    const core = await open({
      media: {
        ...media,
        async remove(hash) {
          begun();
          await allowed;
          await media.remove(hash);
        },
      },
    });
    await core.chat.recallMessage(actorFor(1), await core.send(1, 2, await core.upload(1, 'same')));
    vi.advanceTimersByTime(1_000);
    await removing;
    const again = core.upload(2, 'same');
    allow();
    const file = await again;
    await clean(core);
    expect(media.kept.get(file.hash)?.toString()).toBe('same');
    expect(await core.store.unusedBlobs(10)).toEqual([]);
  });
});

test('a message without a file asks neither media nor files', async () => {
  const core = await open({ media: { ...memoryMedia(), size: () => Promise.reject(new Error('asked')) } });
  await core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('hello') });
  expect(core.complaints).toEqual([]);
});
