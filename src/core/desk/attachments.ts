/** Attachments of support messages: files of ours, named by UUID or id, and what back ends tell of files of their own. */
import type { Core } from '../core.ts';
import { WEB, opensOnTheWeb } from '../content.ts';
import { ChatError } from '../errors.ts';
import { contentOfFile, kindOf } from '../file-content.ts';
import { parseId } from '../ids.ts';
import type { Actor, Attachment, Content, JsonObject } from '../model.ts';
import { idOfUuid } from '../uuid.ts';
import { findFile } from '../actions/read-file.ts';
import type { Widget } from './model.ts';

/** Attachments of one message, whatever a widget says: it is one row, one frame and one line on a screen. */
const MAX_ATTACHMENTS = 50;

/** Bytes of JSON of one attachment that a back end brings. */
const MAX_FOREIGN_BYTES = 8_192;

/** A file of ours by UUID or id, or anything a back end says of a file of its own. */
export type AttachmentInput = string | { readonly foreign: JsonObject };

/** The content of a support message. Empty text with attachments is no text. */
export async function contentOf(
  core: Core,
  actor: Actor,
  { text, attachments, widget }: { text: string; attachments: readonly AttachmentInput[]; widget: Widget },
): Promise<Content> {
  if (attachments.length === 0) return { kind: 'text', text };
  if (attachments.length > MAX_ATTACHMENTS) throw bad(`at most ${MAX_ATTACHMENTS} at a time`);
  const { maxCount } = widget.attachments;
  if (!actor.server && attachments.length > maxCount) throw bad(`at most ${maxCount} at a time`);
  const settled: Attachment[] = [];
  for (const [at, one] of attachments.entries()) settled.push(await settle(core, actor, widget, one, at));
  const first = settled.find((one) => 'resource' in one);
  const caption = text === '' ? {} : { text };
  if (first !== undefined && 'resource' in first) {
    return { kind: kindOf(first.mediaType), ...caption, resource: first.resource, attachments: settled };
  }
  return { kind: 'text', text, attachments: settled };
}

async function settle(core: Core, actor: Actor, widget: Widget, input: AttachmentInput, at: number): Promise<Attachment> {
  if (typeof input !== 'string') {
    checkForeign(input.foreign, at);
    return input;
  }
  const id = idOfUuid(input) ?? parseId(input);
  if (id === undefined) throw bad('is not the UUID of a file', at);
  const file = await findFile(core, actor, id).catch(() => {
    throw bad('there is no such file', at);
  });
  const { maxBytes, types } = widget.attachments;
  if (!actor.server && file.size > maxBytes) throw bad(`must not be larger than ${maxBytes} bytes`, at);
  if (!actor.server && types.length > 0 && !types.some((type) => covers(type, file.mediaType))) {
    throw bad(`must be one of ${types.join(', ')}`, at);
  }
  const { resource } = contentOfFile(file);
  if (resource === undefined) throw bad('there is no such file', at);
  return { resource, mediaType: file.mediaType, size: file.size };
}

function checkForeign(foreign: JsonObject, at: number): void {
  if (Buffer.byteLength(JSON.stringify(foreign)) > MAX_FOREIGN_BYTES) throw bad('is too large', at);
  for (const name of ['url', 'url_preview']) {
    const address = foreign[name];
    if (typeof address === 'string' && !opensOnTheWeb(address)) throw bad(WEB, `${at}.${name}`);
  }
}

function covers(type: string, mediaType: string): boolean {
  return type.endsWith('/*') ? mediaType.startsWith(type.slice(0, -1)) : type === mediaType;
}

function bad(problem: string, at?: number | string): ChatError {
  const field = at === undefined ? 'attachments' : `attachments.${at}`;
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}
