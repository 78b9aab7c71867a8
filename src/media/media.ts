/** The media room: receives files, says what they are, and keeps their bytes where it was told to (docs/adr/0019-files.md). */
import { ChatError } from '../core/index.ts';
import type { FileInfo, Media, Upload } from '../core/index.ts';
import type { Blobs } from './blobs.ts';
import { createImages } from './images.ts';
import { measure, openIncoming } from './incoming.ts';
import type { Arrived } from './incoming.ts';
import { mediaTypeOf } from './media-type.ts';

/** `folder` holds uploads on their way in; it is emptied first, and one server at a time may use it. */
export async function openMedia(deps: { blobs: Blobs; folder: string; maxImagePixels: number }): Promise<Media> {
  const { blobs } = deps;
  const incoming = await openIncoming({ folder: deps.folder });
  const images = createImages({ maxPixels: deps.maxImagePixels });

  function toUpload(info: FileInfo, paths: ReadonlyMap<string, string>): Upload {
    return {
      info,
      async keep() {
        for (const [hash, path] of paths) await blobs.put(hash, path);
      },
      async discard() {
        for (const path of paths.values()) await incoming.remove(path);
      },
    };
  }

  /** The image without its metadata in place of what arrived; undefined when it is none. */
  async function receiveImage({ path: from }: Arrived, claimed: string): Promise<Upload | undefined> {
    const [to, preview] = [incoming.place(), incoming.place()];
    try {
      const picture = await images.process(claimed, { from, to, preview });
      if (picture !== undefined) {
        const [whole, small] = [await measure(to), await measure(preview)];
        const paths = new Map([
          [whole.hash, to],
          [small.hash, preview],
        ]);
        return toUpload({ ...picture, ...whole, preview: small.hash }, paths);
      }
    } catch (error) {
      await Promise.all([to, preview].map((path) => incoming.remove(path)));
      throw error;
    }
    await Promise.all([to, preview].map((path) => incoming.remove(path)));
    return undefined;
  }

  async function inspect(arrived: Arrived): Promise<Upload> {
    const { path, size, hash, head } = arrived;
    const mediaType = await mediaTypeOf(head);
    if (!images.knows(mediaType)) return toUpload({ mediaType, size, hash }, new Map([[hash, path]]));
    const image = await receiveImage(arrived, mediaType);
    // What only begins like an image is shown to nobody as one.
    if (image === undefined) return toUpload({ mediaType: 'application/octet-stream', size, hash }, new Map([[hash, path]]));
    await incoming.remove(path);
    return image;
  }

  return {
    async receive(bytes, maxBytes) {
      const arrived = await incoming.write(bytes, maxBytes);
      if (arrived.size === 0) {
        await incoming.remove(arrived.path);
        throw new ChatError('invalid_argument', 'file: is empty', { fields: { file: 'is empty' } });
      }
      try {
        return await inspect(arrived);
      } catch (error) {
        await incoming.remove(arrived.path);
        throw error;
      }
    },
    size: (hash) => blobs.size(hash),
    read: (hash, range) => blobs.read(hash, range),
    remove: (hash) => blobs.remove(hash),
  };
}
