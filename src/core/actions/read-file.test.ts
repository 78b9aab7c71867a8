import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf } from '../../../test/support/core.ts';
import type { TestCore } from '../../../test/support/core.ts';
import { bytesOf, memoryMedia } from '../../../test/support/media.ts';
import type { Actor, Content, Id, StoredFile } from '../model.ts';

const TYPES: Readonly<Record<string, string>> = { png: 'image/png', gif: 'image/gif', txt: 'text/plain' };

interface World extends TestCore {
  /** A file whose type is its content's. */
  upload(user: Id, name: string): Promise<StoredFile>;
  may(user: Id, file: StoredFile, rest?: Partial<Actor>): Promise<boolean>;
}

async function open(): Promise<World> {
  const media = memoryMedia();
  const core = await openCore({
    media: {
      ...media,
      async receive(bytes, max) {
        const upload = await media.receive(bytes, max);
        const [content = ''] = [...media.kept.values()].slice(-1).map(String);
        await upload.keep();
        const written = String(media.kept.get(upload.info.hash) ?? content);
        const mediaType = TYPES[written.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
        return { ...upload, info: { ...upload.info, mediaType, preview: upload.info.hash } };
      },
    },
  });
  await core.users(1, 2, 3, 4);
  return {
    ...core,
    upload: (user, name) => core.chat.uploadFile(actorFor(user), { name, bytes: bytesOf(name) }),
    may: async (user, file, rest) => (await refusalOf(core.chat.findFile(actorFor(user, rest), file.id))) === 'not refused',
  };
}

async function send(core: TestCore, user: Id, target: { peer: Id } | { conversation: Id }, content: Content) {
  return (await core.chat.sendMessage(actorFor(user), { target, content })).message;
}

const linkOf = (core: TestCore, { id, name }: StoredFile): string => core.chat.links.show(`/files/${id}/${name}`);

describe('who may see a file', () => {
  test('its owner, back ends of the namespace, and whoever may read a message it is in', async () => {
    const core = await open();
    const file = await core.upload(1, 'a.txt');
    expect([await core.may(1, file), await core.may(2, file), await core.may(0, file, { server: true })]).toEqual([
      true,
      false,
      true,
    ]);
    expect(await core.may(1, file, { namespace: 'other' })).toBe(false);
    expect(await core.may(0, file, { namespace: 'other', server: true })).toBe(false);
    await send(core, 1, { peer: 2 }, { kind: 'file', resource: { url: linkOf(core, file) } });
    expect([await core.may(2, file), await core.may(3, file)]).toEqual([true, false]);
    const group = await core.group([2, 3]);
    await send(core, 2, { conversation: group.id }, { kind: 'file', resource: { url: linkOf(core, file) } });
    expect([await core.may(3, file), await core.may(4, file)]).toEqual([true, false]);
    await core.chat.changeMembers(actorFor(2), group.id, { add: [], remove: [3] });
    expect(await core.may(3, file)).toBe(false);
  });

  test('pictures: of a user everybody in the namespace, of a conversation its members', async () => {
    const core = await open();
    const [face, group] = [await core.upload(1, 'face.png'), await core.group([1, 2])];
    const badge = await core.upload(1, 'badge.png');
    await core.chat.changeProfile(actorFor(1), { picture: linkOf(core, face) });
    await core.chat.updateConversation(actorFor(1), group.id, { picture: linkOf(core, badge) });
    expect([await core.may(4, face), await core.may(2, badge), await core.may(3, badge)]).toEqual([true, true, false]);
  });

  test('whoever has a good link, while the file is there', async () => {
    const core = await open();
    const file = await core.upload(1, 'a.txt');
    const query = new URL(linkOf(core, file), 'http://localhost').searchParams;
    const link = { file: file.id, expires: query.get('exp') ?? '', signature: query.get('sig') ?? '' };
    expect(await core.chat.findLinkedFile(link)).toEqual(file);
    expect(await refusalOf(core.chat.findLinkedFile({ ...link, signature: 'x' }))).toBe('not_found');
    const message = await send(core, 1, { peer: 2 }, { kind: 'file', resource: { url: linkOf(core, file) } });
    expect(await core.chat.findLinkedFile(link)).toEqual(file);
    await core.chat.recallMessage(actorFor(1), message.id);
    expect(await refusalOf(core.chat.findLinkedFile(link))).toBe('not_found');
  });

  test('bytes that are gone are missing, and so is a preview that never was', async () => {
    const core = await open();
    const file = await core.upload(1, 'a.txt');
    expect(await core.chat.readFile(file, false)).toMatchObject({ mediaType: 'text/plain', hash: file.hash, size: 5 });
    expect(await core.chat.readFile(file, true)).toMatchObject({ mediaType: 'image/webp', hash: file.preview });
    const { preview: _, ...plain } = file;
    expect(await refusalOf(core.chat.readFile(plain, true))).toBe('not_found');
    await core.chat.core.media.remove(file.hash);
    expect(await refusalOf(core.chat.readFile(file, false))).toBe('not_found');
  });
});

describe('a file in a message', () => {
  test('has its own name, address and preview, and the words that came with it', async () => {
    const core = await open();
    const file = await core.upload(1, 'a.png');
    const resource = { url: linkOf(core, file), name: 'invented.exe', thumbnail: '/files/1/x', file: 77 };
    const { content } = await send(core, 1, { peer: 2 }, { kind: 'photo', text: 'Look', resource });
    expect(content).toEqual({
      kind: 'photo',
      text: 'Look',
      resource: { url: `/files/${file.id}/a.png`, thumbnail: `/files/${file.id}/a.png?preview=1`, name: 'a.png', file: file.id },
    });
    const other = { kind: 'photo', resource: { url: linkOf(core, file), thumbnail: 'https://example.com/t.png' } } as const;
    expect((await send(core, 1, { peer: 2 }, other)).content?.resource?.thumbnail).toBe('https://example.com/t.png');
  });

  test('that the sender may not see, or that is not there, is refused alike', async () => {
    const core = await open();
    const file = await core.upload(1, 'a.png');
    for (const url of [linkOf(core, file), `/files/${file.id + 1}/a.png`]) {
      const sent = core.chat.sendMessage(actorFor(2), { target: { peer: 3 }, content: { kind: 'photo', resource: { url } } });
      expect(await refusalOf(sent)).toBe('not_found');
    }
    const message = await send(core, 2, { peer: 3 }, { kind: 'photo', resource: { url: 'https://example.com/a.png' } });
    const edit = core.chat.editMessage(actorFor(2), message.id, { kind: 'photo', resource: { url: linkOf(core, file) } });
    expect(await refusalOf(edit)).toBe('not_found');
  });

  test('that lies elsewhere stays as it is, and names no file of ours by the back door', async () => {
    const core = await open();
    const file = await core.upload(1, 'secret.png');
    const plain = {
      kind: 'photo',
      resource: { url: 'https://example.com/a.png', thumbnail: 'https://example.com/t.png' },
    } as const;
    expect((await send(core, 2, { peer: 3 }, plain)).content).toEqual(plain);
    const tricky = { url: 'https://example.com/a.png', thumbnail: `/files/${file.id}/secret.png`, file: file.id };
    const { content } = await send(core, 2, { peer: 3 }, { kind: 'photo', resource: tricky });
    expect(content?.resource).toEqual({ url: 'https://example.com/a.png' });
    expect(await core.may(3, file)).toBe(false);
  });
});

describe('a picture', () => {
  test('is an image of ours, an address elsewhere, or none', async () => {
    const core = await open();
    const [image, words] = [await core.upload(1, 'a.gif'), await core.upload(1, 'a.txt')];
    const set = (picture: string, user = 1) => core.chat.changeProfile(actorFor(user), { picture });
    expect((await set(linkOf(core, image))).picture).toBe(`/files/${image.id}/a.gif`);
    expect((await set('https://example.com/me.png')).picture).toBe('https://example.com/me.png');
    expect((await set('')).picture).toBeUndefined();
    for (const bad of [
      'javascript:alert(1)',
      'data:image/png;base64,AA',
      'me.png',
      `https://example.com/${'x'.repeat(5_000)}`,
      'https://a/\0',
    ]) {
      expect(await refusalOf(set(bad))).toBe('invalid_argument');
    }
    expect(await refusalOf(set(linkOf(core, words)))).toBe('invalid_argument');
    expect(await refusalOf(set(linkOf(core, words), 2))).toBe('not_found');
  });

  test('goes when another takes its place', async () => {
    const core = await open();
    const [first, second] = [await core.upload(1, 'a.png'), await core.upload(1, 'b.png')];
    for (const file of [first, second]) await core.chat.changeProfile(actorFor(1), { picture: linkOf(core, file) });
    expect([await core.store.file(first.id), await core.store.file(second.id)]).toEqual([undefined, second]);
  });
});
