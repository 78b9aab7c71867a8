/** A file as the content of a message. */
import { fileAddress } from './file-address.ts';
import type { Content, MessageKind, StoredFile } from './model.ts';

/** What kind of message a file makes, by its media type. */
export function kindOf(mediaType: string): MessageKind {
  if (mediaType === 'image/gif') return 'gif';
  const [family] = mediaType.split('/', 1);
  if (family === 'image') return 'photo';
  return family === 'video' || family === 'audio' ? family : 'file';
}

/** The smaller picture of an image, as an address like the file's own. */
export function previewAddress({ id, name }: StoredFile): string {
  return `${fileAddress(id, name)}?preview=1`;
}

/** The content of a message that is this file, with words or without. */
export function contentOfFile(file: StoredFile, caption?: string): Content {
  const { id, name, mediaType, preview } = file;
  const thumbnail = preview === undefined ? undefined : previewAddress(file);
  return {
    kind: kindOf(mediaType),
    ...(caption !== undefined && caption !== '' && { text: caption }),
    resource: { url: fileAddress(id, name), ...(thumbnail !== undefined && { thumbnail }), name, file: id },
  };
}
