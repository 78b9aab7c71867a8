/** The message stream's JSON (docs/protocols: package appootb.message) as the command line writes and reads it. */
import { parseId } from '../core/index.ts';
import { usage } from './arguments.ts';
import { field } from './client.ts';
import type { Command } from './command.ts';
import { harmless } from './print.ts';

export const KINDS = ['private', 'group', 'channel', 'room'] as const;

/** Numbers of the published interface. */
export const CATEGORIES: ReadonlyMap<string, number> = new Map(KINDS.map((kind, at) => [kind, at + 1]));
export const TYPE_TEXT = 1;
const TYPE_RECALL = 10;
const TYPE_READ = 11;
export const PAYLOAD_SYNC = 1;

const TYPE_NAMES = ['?', 'text', 'audio', 'sticker', 'photo', 'video', 'gif', 'file', 'location', 'contact', 'recall', 'read'];

/** A post as the command line prints it. */
export interface PrintedPost {
  readonly id: string;
  readonly kind: string;
  readonly sender: string;
  readonly receiver: string;
  readonly at: string;
  readonly type: string;
  readonly text?: string;
  readonly url?: string;
  readonly location?: unknown;
  /** A new version of a post that came before. */
  readonly changed?: true;
}

/** The posts of a frame; none when it is another frame. */
export function postsOf(frame: unknown): readonly PrintedPost[] {
  const posts = field(field(frame, 'postbox'), 'posts');
  const changed = field(frame, 'changed') === true;
  return Array.isArray(posts) ? posts.map((post) => (changed ? { ...toPrinted(post), changed } : toPrinted(post))) : [];
}

function toPrinted(post: unknown): PrintedPost {
  const mark = field(post, 'postmark');
  const [text, url, location] = [
    field(field(post, 'text'), 'content'),
    field(field(post, 'resource'), 'url'),
    field(post, 'coordinate'),
  ];
  return {
    id: plain(field(mark, 'unique_id')),
    kind: KINDS[Number(field(mark, 'category')) - 1] ?? '?',
    sender: plain(field(mark, 'sender')),
    receiver: plain(field(mark, 'receiver')),
    at: plain(field(mark, 'timestamp')),
    type: TYPE_NAMES[Number(field(post, 'type'))] ?? '?',
    ...(typeof text === 'string' && { text }),
    ...(typeof url === 'string' && { url }),
    ...(location !== undefined && { location }),
  };
}

/** One line for people: when, where, which, who, what. */
export function lineOf(post: PrintedPost): string {
  const what = post.text ?? post.url ?? (post.location === undefined ? '' : JSON.stringify(post.location));
  const words = post.type === TYPE_NAMES[TYPE_TEXT] ? what : `[${post.type}] ${what}`;
  const mark = post.changed === true ? '(changed) ' : '';
  return harmless(`${post.at}  ${post.kind} ${post.sender} → ${post.receiver}  #${post.id}  ${mark}${words.trimEnd()}`);
}

/** Whether a post is one people wrote, not a mark on another. */
export function isMessage(post: PrintedPost): boolean {
  return post.type !== TYPE_NAMES[TYPE_RECALL] && post.type !== TYPE_NAMES[TYPE_READ];
}

/** An id of ours as given by hand. */
export function idText(command: Command, what: string, given: string): string {
  if (parseId(given) === undefined) throw usage(command, `${what} must be an id: a decimal number like 12.`);
  return given;
}

/** A text or number of an answer; empty for anything else. */
export function plain(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
