/** Between the core's files and this interface's answers. Pure: nothing here knows a request or waits. */
import { toTime } from '../../api/index.ts';
import { fileAddress, previewAddress, uuidOf } from '../../core/index.ts';
import type { Links, StoredFile } from '../../core/index.ts';
import type * as wire from './wire.ts';

export function toFile(file: StoredFile, links: Links): wire.File {
  const { id, name, mediaType, size, width, height, preview } = file;
  return {
    id: String(id),
    uuid: uuidOf(id),
    name,
    mediaType,
    size,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    url: links.show(fileAddress(id, name)),
    ...(preview !== undefined && { previewUrl: links.show(previewAddress(file)) }),
    expiresAt: toTime(links.end()),
  };
}
