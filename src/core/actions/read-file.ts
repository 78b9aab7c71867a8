/** Files of ours: who may see one, and how one becomes part of a message or a picture. */
import { ADDRESS, checkString, isAddress } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import { fileAddress, fileOf } from '../file-address.ts';
import { contentOfFile, kindOf } from '../file-content.ts';
import { maySeeChat } from '../desk/access.ts';
import type { Actor, Content, FileUse, Id, Resource, StoredFile } from '../model.ts';
import type { ByteRange } from '../ports.ts';
import { checkRead, notFound } from '../policy.ts';

/** What previews are made as, whatever the image. */
const PREVIEW_TYPE = 'image/webp';

/** Uses looked at: a file that was passed on more often than this shows its newest ones. */
const MAX_USES = 100;

/** A file the actor may see: an own one, one in a message or picture that the actor may see. Anything else answers as missing. */
export async function findFile(core: Core, actor: Actor, id: Id): Promise<StoredFile> {
  const file = await core.store.file(id);
  if (file === undefined || file.namespace !== actor.namespace) throw notFound();
  if (actor.server || (file.owner === actor.user && actor.user !== 0)) return file;
  for (const use of await core.store.fileUses(id, MAX_USES)) if (await maySee(core, actor, use)) return file;
  throw notFound();
}

/** The file of a link (`Links.show`), for whoever has it. A link that is not good and a file that is gone answer the same. */
export async function findLinkedFile(
  core: Core,
  link: { readonly file: Id; readonly expires: string; readonly signature: string },
): Promise<StoredFile> {
  const file = core.links.isGood(link.file, link.expires, link.signature) ? await core.store.file(link.file) : undefined;
  if (file === undefined) throw notFound();
  return file;
}

/** What of a file is there to be read: the whole, or its smaller picture. */
export interface FileBytes {
  readonly mediaType: string;
  /** SHA-256 of all of the bytes. */
  readonly hash: string;
  readonly size: number;
  read(range?: ByteRange): Promise<AsyncIterable<Uint8Array>>;
}

/** The bytes of a file that was found, or of its preview. Rejects with `not_found` where there are none. */
export async function readFile(core: Core, file: StoredFile, preview: boolean): Promise<FileBytes> {
  const hash = preview ? file.preview : file.hash;
  const size = hash === undefined ? undefined : await core.media.size(hash);
  if (hash === undefined || size === undefined) throw notFound();
  const mediaType = preview ? PREVIEW_TYPE : file.mediaType;
  return { mediaType, hash, size, read: (range) => core.media.read(hash, range) };
}

async function maySee(core: Core, actor: Actor, use: FileUse): Promise<boolean> {
  // Pictures of users are seen by whoever shares the namespace.
  if (use.kind === 'user') return true;
  const access = await core.directory.load(actor.namespace, actor.user, { conversation: use.conversation });
  if (access.conversation?.kind === 'support') return maySeeChat(core, actor, access.conversation);
  try {
    checkRead(actor, access);
    return true;
  } catch {
    return false;
  }
}

/**
 * The content as it is stored: a link to a file of ours becomes that file, with its own name, if the sender may see it. Content that names
 * no file of ours is answered at once, as it is.
 */
export function settleContent(core: Core, actor: Actor, content: Content): Content | Promise<Content> {
  const { resource } = content;
  if (resource === undefined) return content;
  const file = fileOf(core.links.strip(resource.url));
  return file === undefined ? withoutFile(core, content, resource) : settleFile(core, actor, content, file);
}

/** Only the server says which file a message has, and a small picture of ours goes with its own file only. */
function withoutFile(core: Core, content: Content, { file: claimed, thumbnail, ...resource }: Resource): Content {
  const isForeign = thumbnail === undefined || fileOf(core.links.strip(thumbnail)) === undefined;
  if (claimed === undefined && isForeign) return content;
  return { ...content, resource: { ...resource, ...(isForeign && thumbnail !== undefined && { thumbnail }) } };
}

async function settleFile(core: Core, actor: Actor, content: Content, id: Id): Promise<Content> {
  const file = await findFile(core, actor, id);
  const settled = contentOfFile(file, content.text);
  const thumbnail = content.resource?.thumbnail;
  const chosen = thumbnail === undefined || fileOf(core.links.strip(thumbnail)) !== undefined ? {} : { thumbnail };
  return { ...settled, kind: content.kind, resource: { ...settled.resource, url: fileAddress(file.id, file.name), ...chosen } };
}

/** The picture as it is stored: an image of ours that the actor may see, an address elsewhere, or empty for none. */
export async function settlePicture(core: Core, actor: Actor, picture: string): Promise<string> {
  if (picture === '') return picture;
  const id = fileOf(core.links.strip(picture));
  if (id === undefined) {
    checkString('picture', picture);
    if (!isAddress(picture) || Buffer.byteLength(picture) > core.limits.maxUrlBytes) throw bad(ADDRESS);
    return picture;
  }
  const file = await findFile(core, actor, id);
  if (!['photo', 'gif'].includes(kindOf(file.mediaType))) throw bad('must be an image');
  return fileAddress(file.id, file.name);
}

function bad(problem: string): ChatError {
  return new ChatError('invalid_argument', `picture: ${problem}`, { fields: { picture: problem } });
}
