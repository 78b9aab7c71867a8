/**
 * Images: written anew without what cameras and programs say beside the pixels (place, device, comments), turned the right way up, with a smaller
 * picture for lists.
 */
import sharp from 'sharp';
import type { Metadata, Sharp } from 'sharp';
import { ChatError } from '../core/index.ts';
import { createQueue } from './queue.ts';

/** Pixels of a preview's longer side: a bubble on a phone. */
const PREVIEW_SIZE = 480;

/** Uploads that may wait for their turn: each is done within a second or two. */
const MAX_WAITING = 32;

/** An image that takes longer is made to take long. Seconds. */
const TIMEOUT_S = 30;

/** Frames of an animation: a minute at the usual rate. */
const MAX_FRAMES = 1_500;

/** What can be read and written here, by media type. */
const WRITERS: Readonly<Record<string, (image: Sharp) => Sharp>> = {
  'image/jpeg': (image) => image.jpeg({ quality: 90 }),
  'image/png': (image) => image.png(),
  // An animation in this form keeps its first picture: what writes it anew knows no more.
  'image/apng': (image) => image.png(),
  'image/webp': (image) => image.webp({ quality: 90, effort: 2 }),
  'image/avif': (image) => image.avif({ quality: 70, effort: 2 }),
  'image/gif': (image) => image.gif({ effort: 3 }),
  'image/tiff': (image) => image.tiff({ compression: 'lzw' }),
};

const ANIMATED: ReadonlySet<string> = new Set(['image/gif', 'image/webp']);

export interface Picture {
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
}

export interface Images {
  /** Whether images of this type are written anew. Others are kept as they are. */
  knows(mediaType: string): boolean;
  /**
   * Reads the image at `from` and writes it without metadata to `to` and its preview to `preview`. undefined: it is none, whatever its first bytes
   * say. Rejects with `too_large` when it has too many pixels, with `unavailable` when too many wait.
   */
  process(
    mediaType: string,
    paths: { readonly from: string; readonly to: string; readonly preview: string },
  ): Promise<Picture | undefined>;
}

export function createImages({ maxPixels }: { maxPixels: number }): Images {
  // One processor for pictures, the rest for messages; nothing of one picture is kept for the next.
  sharp.concurrency(1);
  sharp.cache(false);
  // Only what has a writer is ever read: no vector graphics, documents or scripts for other programs.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((format) => `VipsForeignLoad${format}`),
  });
  const queue = createQueue({ maxWaiting: MAX_WAITING });

  function open(path: string, pages: number): Sharp {
    return sharp(path, { limitInputPixels: maxPixels, failOn: 'none', pages, sequentialRead: true }).timeout({
      seconds: TIMEOUT_S,
    });
  }

  function checkSize({ width, height, pageHeight = height, pages = 1 }: Metadata): void {
    if (width * pageHeight * pages <= maxPixels && pages <= MAX_FRAMES) return;
    throw new ChatError('too_large', `file: an image must not have more than ${maxPixels} pixels and ${MAX_FRAMES} frames`, {
      fields: { file: 'has too many pixels' },
    });
  }

  return {
    knows: (mediaType) => Object.hasOwn(WRITERS, mediaType),
    process: (mediaType, { from, to, preview }) =>
      queue.run(async () => {
        const write = WRITERS[mediaType];
        const metadata = await metadataOf(from, maxPixels);
        if (write === undefined || metadata === undefined) return undefined;
        checkSize(metadata);
        const pages = ANIMATED.has(mediaType) ? (metadata.pages ?? 1) : 1;
        const image = open(from, pages);
        try {
          const { width, height, pageHeight = height } = await write(pages > 1 ? image : image.autoOrient()).toFile(to);
          await open(to, 1)
            .resize({ width: PREVIEW_SIZE, height: PREVIEW_SIZE, fit: 'inside', withoutEnlargement: true })
            .webp({ quality: 75 })
            .toFile(preview);
          return { mediaType: mediaType === 'image/apng' ? 'image/png' : mediaType, width, height: pageHeight };
        } catch (cause) {
          if (cause instanceof Error && /timeout/i.test(cause.message)) throw tooSlow(cause);
          return undefined;
        }
      }),
  };
}

/** Read without decoding; undefined when it is no image. */
async function metadataOf(path: string, maxPixels: number): Promise<Metadata | undefined> {
  try {
    // The size is told before it is checked, so that the refusal can say why.
    return await sharp(path, { limitInputPixels: Math.max(maxPixels, Number.MAX_SAFE_INTEGER), pages: -1 }).metadata();
  } catch {
    return undefined;
  }
}

function tooSlow(cause: Error): ChatError {
  return new ChatError('too_large', 'file: this image takes too long to read', {
    fields: { file: 'takes too long to read' },
    cause,
  });
}
