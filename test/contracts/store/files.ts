/** Files: where they are used, how they go, and which bytes nobody needs any more. */
import { describe, expect, test } from 'vitest';
import type { Content, Id, SaveFile, Store, StoredFile } from '../../../src/core/index.ts';
import { fileAddress } from '../../../src/core/index.ts';
import { NAMESPACE, ORIGIN, apply, createGroup, newWorld, send, sendTo as sendOnce, text } from './subject.ts';
import type { Subject } from './subject.ts';

const DAY = 86_400_000;

const hashOf = (letter: string): string => letter.repeat(64);

function saving(rest: Partial<SaveFile> = {}): SaveFile {
  return {
    type: 'file',
    namespace: NAMESPACE,
    owner: 1,
    name: 'a.png',
    mediaType: 'image/png',
    size: 10,
    hash: hashOf('a'),
    ...rest,
  };
}

async function save(store: Store, rest: Partial<SaveFile> = {}): Promise<StoredFile> {
  return (await apply(store, saving(rest))).file;
}

function contentOf(file: StoredFile, caption?: string): Content {
  const { id, name } = file;
  return {
    kind: 'file',
    ...(caption !== undefined && { text: caption }),
    resource: { url: fileAddress(id, name), name, file: id },
  };
}

/** To a user, whether they have written before or not. */
const sendTo: typeof sendOnce = (store, peer, sender, rest) => sendOnce(store, peer, sender, { writers: 'anyone', ...rest });

const drop = (store: Store, before: number, limit = 100) => apply(store, { type: 'drop-files', before, limit });

export function filesContract(subject: Subject): void {
  describe('files', () => {
    test('are found as they were saved', async () => {
      const { store, clock } = await newWorld(subject);
      const plain = await save(store);
      expect(plain).toMatchObject({ owner: 1, namespace: NAMESPACE, name: 'a.png', createdAt: clock.now() });
      const image = await save(store, { width: 3, height: 4, preview: hashOf('b'), owner: 0, namespace: 'other' });
      expect(await store.file(plain.id)).toEqual(plain);
      expect(await store.file(image.id)).toEqual(image);
      expect([image.width, image.height, image.preview]).toEqual([3, 4, hashOf('b')]);
      expect(await store.file(image.id + 1)).toBeUndefined();
      expect(await store.fileUses(plain.id, 10)).toEqual([]);
    });

    test('are used by messages and pictures, newest first, each as often as it says', async () => {
      const { store } = await newWorld(subject);
      await apply(store, { type: 'user', namespace: NAMESPACE, id: 1 });
      const [file, group] = [await save(store), await createGroup(store, [1, 2])];
      const message = await send(store, group, 1, { content: contentOf(file) });
      const { message: other, conversation } = await sendTo(store, 2, 1, { content: contentOf(file, 'again') });
      const picture = fileAddress(file.id, file.name);
      await apply(store, { type: 'update', conversation: group.id, user: 1, picture, origin: ORIGIN });
      await apply(store, { type: 'user', namespace: NAMESPACE, id: 1, picture });
      const uses = await store.fileUses(file.id, 10);
      expect(uses).toHaveLength(4);
      expect(uses).toEqual(
        expect.arrayContaining([
          { kind: 'message', message: message.id, conversation: group.id },
          { kind: 'message', message: other.id, conversation: conversation.id },
          { kind: 'conversation', conversation: group.id },
          { kind: 'user', user: 1 },
        ]),
      );
      expect(await store.fileUses(file.id, 1)).toEqual([{ kind: 'message', message: other.id, conversation: conversation.id }]);
    });

    test('are not used across namespaces, nor when they are gone', async () => {
      const { store } = await newWorld(subject);
      const foreign = await save(store, { namespace: 'other' });
      await sendTo(store, 2, 1, { content: contentOf(foreign) });
      await sendTo(store, 2, 1, { content: contentOf({ ...foreign, id: foreign.id + 1 }) });
      await apply(store, { type: 'user', namespace: NAMESPACE, id: 1, picture: fileAddress(foreign.id, 'x') });
      expect(await store.fileUses(foreign.id, 10)).toEqual([]);
    });

    /** What ends the only use of a file. */
    const ENDS: Readonly<
      Record<string, (store: Store, file: StoredFile, clock: { advance(by: number): void }) => Promise<unknown>>
    > = {
      async 'a recall'(store, file) {
        const { message } = await sendTo(store, 2, 1, { content: contentOf(file) });
        await apply(store, { type: 'recall', message: message.id, user: 1, origin: ORIGIN });
      },
      async 'an edit'(store, file) {
        const { message } = await sendTo(store, 2, 1, { content: contentOf(file) });
        const other = await save(store, { hash: hashOf('c') });
        await apply(store, { type: 'edit', message: message.id, user: 1, content: contentOf(other), origin: ORIGIN });
        expect(await store.fileUses(other.id, 10)).toHaveLength(1);
      },
      async 'the end of a message'(store, file, clock) {
        await sendTo(store, 2, 1, { content: contentOf(file), expiresAfter: 1_000 });
        clock.advance(2_000);
        await apply(store, { type: 'expire', now: Date.UTC(2026, 0, 1) + 2_000, limit: 10 });
      },
      async 'a trim'(store, file) {
        const group = await createGroup(store, [1, 2]);
        await send(store, group, 1, { content: contentOf(file) });
        await send(store, group, 1);
        await apply(store, { type: 'trim', conversation: group.id, before: 2 });
      },
      async 'another picture of a conversation'(store, file) {
        const group = await createGroup(store, [1, 2]);
        for (const picture of [fileAddress(file.id, 'a'), '']) {
          await apply(store, { type: 'update', conversation: group.id, user: 1, picture, origin: ORIGIN });
        }
      },
      async 'another picture of a user'(store, file) {
        for (const picture of [fileAddress(file.id, 'a'), 'https://example.com/a.png']) {
          await apply(store, { type: 'user', namespace: NAMESPACE, id: 1, picture });
        }
      },
    };

    test.each(Object.entries(ENDS))('go with their last use: %s', async (_, end) => {
      const { store, clock } = await newWorld(subject);
      const file = await save(store, { preview: hashOf('b') });
      await end(store, file, clock);
      expect(await store.file(file.id)).toBeUndefined();
      expect(await store.unusedBlobs(10)).toEqual([hashOf('a'), hashOf('b')]);
    });

    test('go with a deleted conversation, its messages and its picture', async () => {
      const { store } = await newWorld(subject);
      const [file, picture, group] = [await save(store), await save(store, { hash: hashOf('b') }), await createGroup(store, [1])];
      await send(store, group, 1, { content: contentOf(file) });
      await apply(store, {
        type: 'update',
        conversation: group.id,
        user: 1,
        picture: fileAddress(picture.id, 'b'),
        origin: ORIGIN,
      });
      await apply(store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN });
      // What was in it is erased some at a time.
      await expect.poll(async () => store.unusedBlobs(10), { timeout: 20_000 }).toEqual([hashOf('a'), hashOf('b')]);
      expect([await store.file(file.id), await store.file(picture.id)]).toEqual([undefined, undefined]);
    });

    test('stay while one use is left, and when a use is repeated', async () => {
      const { store } = await newWorld(subject);
      const file = await save(store);
      const sent = await Promise.all(
        [1, 2].map(async () => (await sendTo(store, 2, 1, { content: contentOf(file) })).message.id),
      );
      const recall = (message: Id) => apply(store, { type: 'recall', message, user: 1, origin: ORIGIN });
      const [first = 0, second = 0] = sent;
      await apply(store, { type: 'edit', message: second, user: 1, content: contentOf(file, 'words'), origin: ORIGIN });
      await recall(first);
      await recall(first);
      expect(await store.file(file.id)).toEqual(file);
      expect(await store.fileUses(file.id, 10)).toHaveLength(1);
      await recall(second);
      expect(await store.file(file.id)).toBeUndefined();
    });

    test('that were never used are dropped after a time, some at once', async () => {
      const { store, clock } = await newWorld(subject);
      const [one, two, used] = [
        await save(store),
        await save(store, { hash: hashOf('b') }),
        await save(store, { hash: hashOf('c') }),
      ];
      await sendTo(store, 2, 1, { content: contentOf(used) });
      expect((await drop(store, clock.now())).files).toEqual([]);
      clock.advance(DAY);
      const late = await save(store, { hash: hashOf('d') });
      const first = await drop(store, clock.now(), 1);
      expect([first.files, first.more]).toEqual([[one], true]);
      expect((await drop(store, clock.now(), 10)).files).toEqual([two]);
      expect([await store.file(used.id), await store.file(late.id)]).toEqual([used, late]);
      expect(await store.unusedBlobs(10)).toEqual([hashOf('a'), hashOf('b')]);
    });

    test('that are not used yet are counted per user, with their bytes', async () => {
      const { store } = await newWorld(subject);
      const file = await save(store, { size: 7 });
      await save(store, { size: 5 });
      await save(store, { size: 100, owner: 2 });
      await save(store, { size: 100, namespace: 'other' });
      expect(await store.unusedFiles(NAMESPACE, 1)).toEqual({ count: 2, bytes: 12 });
      await sendTo(store, 2, 1, { content: contentOf(file) });
      expect(await store.unusedFiles(NAMESPACE, 1)).toEqual({ count: 1, bytes: 5 });
      expect(await store.unusedFiles('nowhere', 1)).toEqual({ count: 0, bytes: 0 });
    });
  });

  describe('bytes', () => {
    const expecting = (store: Store, ...hashes: string[]) => apply(store, { type: 'expect-blobs', hashes });
    const forget = (store: Store, ...hashes: string[]) => apply(store, { type: 'forget-blobs', hashes });

    test('that two files have are needed until both are gone, as a file or as a preview', async () => {
      const { store, clock } = await newWorld(subject);
      await save(store);
      clock.advance(DAY);
      await save(store, { hash: hashOf('b'), preview: hashOf('a'), namespace: 'other' });
      await drop(store, clock.now());
      expect(await store.unusedBlobs(10)).toEqual([]);
      clock.advance(DAY);
      await drop(store, clock.now());
      expect(await store.unusedBlobs(10)).toEqual([hashOf('a'), hashOf('b')]);
      expect(await store.unusedBlobs(1)).toEqual([hashOf('a')]);
    });

    test('that are expected are unused until a file has them', async () => {
      const { store } = await newWorld(subject);
      await expecting(store, hashOf('a'), hashOf('b'), hashOf('c'));
      await expecting(store, hashOf('a'));
      expect(await store.unusedBlobs(10)).toEqual([hashOf('a'), hashOf('b'), hashOf('c')]);
      await save(store, { preview: hashOf('b') });
      expect(await store.unusedBlobs(10)).toEqual([hashOf('c')]);
      await expecting(store, hashOf('a'), hashOf('b'));
      expect(await store.unusedBlobs(10)).toEqual([hashOf('c')]);
    });

    test('that were removed are forgotten, and wanted again with the next file', async () => {
      const { store, clock } = await newWorld(subject);
      await save(store);
      clock.advance(DAY);
      await drop(store, clock.now());
      await forget(store, hashOf('a'), hashOf('z'));
      expect(await store.unusedBlobs(10)).toEqual([]);
      await expecting(store, hashOf('a'));
      const again = await save(store);
      await forget(store, hashOf('a'));
      clock.advance(DAY);
      await drop(store, clock.now());
      expect([await store.file(again.id), await store.unusedBlobs(10)]).toEqual([undefined, [hashOf('a')]]);
    });
  });

  test.each(subject.restarts)('files, their uses and unneeded bytes outlive a %s', async (restart) => {
    const world = await newWorld(subject);
    const [used, unused] = [await save(world.store), await save(world.store, { hash: hashOf('b') })];
    await sendTo(world.store, 2, 1, { content: contentOf(used) });
    await sendTo(world.store, 2, 1, { content: text('hello') });
    await apply(world.store, { type: 'expect-blobs', hashes: [hashOf('c')] });
    await world[restart]();
    const { store } = world;
    expect([await store.file(used.id), await store.file(unused.id)]).toEqual([used, unused]);
    expect(await store.fileUses(used.id, 10)).toHaveLength(1);
    expect(await store.unusedFiles(NAMESPACE, 1)).toEqual({ count: 1, bytes: 10 });
    expect(await store.unusedBlobs(10)).toEqual([hashOf('c')]);
  });
}
