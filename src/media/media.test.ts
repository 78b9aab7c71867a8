import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { wholeOf } from '../../test/contracts/blobs.contract.ts';
import { refusalOf } from '../../test/support/core.ts';
import { bytesOf } from '../../test/support/media.ts';
import { animation, photo, picture, pngBomb } from '../../test/support/pictures.ts';
import type { Media, Upload } from '../core/index.ts';
import { createDiskBlobs } from './disk.ts';
import { openMedia } from './media.ts';

interface World {
  readonly media: Media;
  readonly folder: string;
  receive(bytes: string | Uint8Array, maxBytes?: number): Promise<Upload>;
  /** What is stored of something received. */
  stored(bytes: string | Uint8Array): Promise<{ upload: Upload; bytes: Buffer }>;
  leftovers(): Promise<string[]>;
}

async function open(maxImagePixels = 1_000_000): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const incoming = join(folder, 'incoming');
  const media = await openMedia({ blobs: createDiskBlobs({ folder }), folder: incoming, maxImagePixels });
  const receive = (bytes: string | Uint8Array, maxBytes = 10_000_000) => media.receive(bytesOf(bytes), maxBytes);
  return {
    media,
    folder,
    receive,
    async stored(given) {
      const upload = await receive(given);
      await upload.keep();
      await upload.discard();
      return { upload, bytes: await wholeOf(await media.read(upload.info.hash)) };
    },
    leftovers: () => readdir(incoming),
  };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('what is received', () => {
  test.each([
    ['words', 'hello, Привет', 'text/plain'],
    ['HTML', '<!doctype html><script>alert(1)</script>', 'text/plain'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'text/plain'],
    ['SVG after an XML declaration', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', 'text/plain'],
    ['XML with a style sheet', '<?xml version="1.0"?><?xml-stylesheet href="x.xsl" type="text/xsl"?><a/>', 'text/plain'],
    ['a script', 'alert(1)', 'text/plain'],
    ['a PDF', '%PDF-1.7\n1 0 obj\n<<>>\nendobj\n', 'application/pdf'],
    ['bytes', Buffer.from([0, 1, 2, 3, 255]), 'application/octet-stream'],
    ['not quite UTF-8', Buffer.from([0x68, 0xc3, 0x28]), 'application/octet-stream'],
    ['a script that begins like a GIF', 'GIF89a=1;alert(1)', 'application/octet-stream'],
    ['a program', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(64)]), 'application/octet-stream'],
    ['Flash', Buffer.concat([Buffer.from('FWS\x05'), Buffer.alloc(64)]), 'application/octet-stream'],
  ])('%s is told by its bytes', async (_, bytes, mediaType) => {
    const { stored, leftovers } = await open();
    const { upload, bytes: kept } = await stored(bytes);
    expect(upload.info).toEqual({ mediaType, size: kept.length, hash: sha256(Buffer.from(bytes)) });
    expect(kept.equals(Buffer.from(bytes))).toBe(true);
    expect(await leftovers()).toEqual([]);
  });

  test('a long text is text also where its first part ends within a character', async () => {
    const { receive } = await open();
    for (const start of ['', 'a', 'ab', 'abc']) {
      expect((await receive(start + '😀'.repeat(20_000))).info.mediaType).toBe('text/plain');
    }
  });

  test('nothing is refused, and so is what is too large, while it comes in', async () => {
    const { media, receive, leftovers } = await open();
    expect(await refusalOf(receive(''))).toBe('invalid_argument');
    expect(await refusalOf(receive('hello', 4))).toBe('too_large');
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken += 1_000;
        yield await Promise.resolve(Buffer.alloc(1_000));
      }
    }
    expect(await refusalOf(media.receive(endless(), 10_000))).toBe('too_large');
    expect(taken).toBe(11_000);
    expect(await leftovers()).toEqual([]);
  });

  test('leaves nothing when it breaks off or is not kept, and nothing of an earlier process', async () => {
    const { media, folder, receive, leftovers } = await open();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      await Promise.reject(new Error('gone'));
    }
    await expect(media.receive(broken(), 100)).rejects.toThrow('gone');
    expect(await leftovers()).toEqual([]);
    const upload = await receive('never kept');
    expect(await leftovers()).toHaveLength(1);
    await upload.discard();
    expect(await leftovers()).toEqual([]);
    await receive('the process ends here');
    await openMedia({ blobs: createDiskBlobs({ folder }), folder: join(folder, 'incoming'), maxImagePixels: 1 });
    expect(await leftovers()).toEqual([]);
  });
});

describe('an image', () => {
  test.each(['jpeg', 'png', 'webp', 'avif'] as const)('as %s loses its metadata and gets a preview', async (format) => {
    const { media, stored, leftovers } = await open();
    const given = await photo(format, 800, 400);
    expect((await sharp(given).metadata()).exif?.includes('SECRET-CAMERA')).toBe(true);
    const { upload, bytes } = await stored(given);
    const { hash, size, mediaType, width, height, preview } = upload.info;
    expect({ size, mediaType, width, height }).toEqual({
      size: bytes.length,
      mediaType: `image/${format}`,
      width: 800,
      height: 400,
    });
    expect(hash).toBe(sha256(bytes));
    const { exif, xmp, iptc } = await sharp(bytes).metadata();
    expect([exif, xmp, iptc]).toEqual([undefined, undefined, undefined]);
    expect(bytes.includes('SECRET')).toBe(false);
    const small = await sharp(await wholeOf(await media.read(preview ?? ''))).metadata();
    expect([small.format, small.width, small.height, small.exif]).toEqual(['webp', 480, 240, undefined]);
    expect(await leftovers()).toEqual([]);
  });

  test('of scanners is one too', async () => {
    const { stored } = await open();
    const { upload, bytes } = await stored(await picture(20, 10).tiff().toBuffer());
    expect(upload.info).toMatchObject({ mediaType: 'image/tiff', width: 20, height: 10, size: bytes.length });
  });

  test('that lies on its side is turned the right way up', async () => {
    const { stored } = await open();
    const { upload, bytes } = await stored(await photo('jpeg', 60, 30, 6));
    expect([upload.info.width, upload.info.height]).toEqual([30, 60]);
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number): string => {
      const [red = 0, , blue = 0] = data.subarray((y * info.width + x) * info.channels);
      return red > blue ? 'red' : 'blue';
    };
    // The upper half was red; turned clockwise it is on the right.
    expect([at(5, 30), at(25, 30)]).toEqual(['blue', 'red']);
  });

  test.each(['gif', 'webp'] as const)('that moves still moves, as %s', async (format) => {
    const { stored } = await open();
    const { upload, bytes } = await stored(await animation(format));
    expect(upload.info).toMatchObject({ mediaType: `image/${format}`, width: 16, height: 16 });
    expect((await sharp(bytes, { pages: -1 }).metadata()).pages).toBe(3);
  });

  test('loses what is hidden behind and within it', async () => {
    const { stored } = await open();
    const gif = await picture(8, 8).gif().toBuffer();
    const comment = Buffer.from('\x21\xfe\x10<script>alert(1)\x00', 'latin1');
    const screen = 13 + 3 * 2 ** ((gif.readUInt8(10) & 7) + 1);
    const hiding = Buffer.concat([
      gif.subarray(0, screen),
      comment,
      gif.subarray(screen),
      Buffer.from('<script>alert(2)</script>'),
    ]);
    const { upload, bytes } = await stored(hiding);
    expect(upload.info.mediaType).toBe('image/gif');
    expect(bytes.includes('script')).toBe(false);
  });

  test('with more pixels than allowed is refused before it is decoded, frames together', async () => {
    const { receive, leftovers } = await open(10_000);
    expect(await refusalOf(receive(pngBomb(60_000)))).toBe('too_large');
    expect(await refusalOf(receive(await picture(101, 100).png().toBuffer()))).toBe('too_large');
    expect(await refusalOf(receive(await animation('gif', 60, 60)))).toBe('too_large');
    expect(await refusalOf(receive(await picture(100, 100).png().toBuffer()))).toBe('not refused');
    expect((await leftovers()).length).toBe(2);
  });

  test('that is cut off is shown as far as it goes; one that is broken is bytes', async () => {
    const { receive } = await open();
    const whole = await photo('jpeg', 200, 200);
    const cut = await receive(whole.subarray(0, Math.floor(whole.length * 0.8)));
    expect(cut.info.mediaType).toBe('image/jpeg');
    const broken = Buffer.concat([whole.subarray(0, 20), Buffer.alloc(500, 7)]);
    expect((await receive(broken)).info.mediaType).toBe('application/octet-stream');
  });

  test('waits for its turn, and is refused when too many wait', async () => {
    const { receive } = await open();
    const png = await picture(20, 20).png().toBuffer();
    const answers = await Promise.all(Array.from({ length: 80 }, () => refusalOf(receive(png))));
    expect(new Set(answers)).toEqual(new Set(['not refused', 'unavailable']));
    expect(await refusalOf(receive(png))).toBe('not refused');
  });
});
