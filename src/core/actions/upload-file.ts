/** Uploads: what somebody sends before it stands in a message or is a picture. */
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import { cleanFileName } from '../file-name.ts';
import type { Actor, StoredFile } from '../model.ts';
import { checkUpload } from '../policy.ts';

export interface UploadFile {
  /** What the uploader calls it; paths and invisible characters are left out. */
  readonly name: string;
  /** Rejects when the sender goes away: nothing is kept then. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Stores a file that the actor may use from then on in messages and as a picture. Unused it is removed after `unusedFileLifetime`.
 * Refusals: `permission_denied` for guests, `too_large` beyond a size, `rate_limited` beyond what may lie unused or be under way.
 */
export async function uploadFile(core: Core, actor: Actor, { name, bytes }: UploadFile): Promise<StoredFile> {
  checkUpload(actor);
  const { namespace, user: owner } = actor;
  const end = actor.server ? undefined : core.uploads.begin(namespace, owner);
  try {
    await checkQuota(core, actor, 0);
    const upload = await core.media.receive(bytes, core.limits.maxFileBytes);
    try {
      await checkQuota(core, actor, upload.info.size);
      return await core.uploads.save(upload, { namespace, owner, name: cleanFileName(name, core.limits.maxFileNameLength) });
    } finally {
      await upload.discard();
    }
  } finally {
    end?.();
  }
}

/** Back ends have no quota: they are trusted to send what they upload. */
async function checkQuota(core: Core, actor: Actor, more: number): Promise<void> {
  if (actor.server) return;
  const { maxUnusedFiles, maxUnusedBytes, unusedFileLifetime } = core.limits;
  const { count, bytes } = await core.store.unusedFiles(actor.namespace, actor.user);
  const hours = Math.ceil(unusedFileLifetime / 3_600_000);
  if (count >= maxUnusedFiles) {
    throw new ChatError(
      'rate_limited',
      `${count} uploads are not used yet: send them, or wait ${hours} h until they are removed.`,
    );
  }
  if (bytes + more > maxUnusedBytes) {
    throw new ChatError(
      'rate_limited',
      `Uploads that are not used yet may have ${maxUnusedBytes} bytes: send them, or wait ${hours} h until they are removed.`,
    );
  }
}
