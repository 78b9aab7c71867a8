import { describe, expect, test } from 'vitest';
import { checkContent } from './content.ts';
import { contentOfFile, kindOf, previewAddress } from './file-content.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { StoredFile } from './model.ts';

const file: StoredFile = {
  id: 5,
  namespace: 'default',
  owner: 1,
  name: 'a b.png',
  mediaType: 'image/png',
  size: 3,
  hash: 'x',
  preview: 'y',
  createdAt: 0,
};

describe('the content that is a file', () => {
  test.each([
    ['image/png', 'photo'],
    ['image/gif', 'gif'],
    ['video/mp4', 'video'],
    ['audio/ogg', 'audio'],
    ['application/pdf', 'file'],
    ['text/plain', 'file'],
    ['', 'file'],
  ])('of type %s is a message of kind %s', (mediaType, kind) => {
    expect(kindOf(mediaType)).toBe(kind);
    const content = contentOfFile({ ...file, mediaType });
    expect(content.kind).toBe(kind);
    expect(() => checkContent(content, DEFAULT_LIMITS)).not.toThrow();
  });

  test('has its address, its preview, its name and its caption', () => {
    expect(previewAddress(file)).toBe('/files/5/a%20b.png?preview=1');
    expect(contentOfFile(file, 'Look')).toEqual({
      kind: 'photo',
      text: 'Look',
      resource: { url: '/files/5/a%20b.png', thumbnail: '/files/5/a%20b.png?preview=1', name: 'a b.png', file: 5 },
    });
    const { preview: _, ...plain } = file;
    expect(contentOfFile({ ...plain, mediaType: 'text/plain' }, '')).toEqual({
      kind: 'file',
      resource: { url: '/files/5/a%20b.png', name: 'a b.png', file: 5 },
    });
  });
});
