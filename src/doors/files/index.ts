/**
 * The files door: uploads under `/api/files` and what links open under `/files` (docs/protocols/files.md). Links themselves are written by every
 * door into what it tells its clients.
 */
import type { Chat } from '../../core/index.ts';
import type { Door } from '../door.ts';
import { registerDownloads } from './downloads.ts';
import { registerUploads } from './uploads.ts';
import { COMPONENTS } from './wire.ts';

const NAME = 'files';

const TAGS = { files: 'Uploads, and links to them.' };

export function createFilesDoor({ chat }: { chat: Chat }): Door {
  return {
    name: NAME,
    attach({ http, api }) {
      api.register({ door: NAME, tags: TAGS, components: COMPONENTS, routes: registerUploads });
      registerDownloads(http, { chat, door: NAME });
    },
  };
}
