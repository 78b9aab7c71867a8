/**
 * `sync`: what a client has missed in each of its chats. Ours (wire.md section 3).
 *
 * A connection hears everything that is committed from the moment it is open, and a sync reads what is stored at a later moment: together they have no
 * gap. What falls into both comes twice, under the same id.
 */
import { CONVERSATION_KINDS, placeOf, shownName } from '../../core/index.ts';
import type { Actor, Chat, Id, Message, ResumePage, ShownName } from '../../core/index.ts';
import { toMessageObject } from './codec.ts';
import { noteRefusal, toRefusal } from './refusals.ts';
import type { Place } from './requests.ts';
import type { MessageObject, SyncedChat } from './wire.ts';

/** Entries of one chat in one answer. */
const MAX_PAGE = 100;

/** Characters of texts in one answer: of chats beyond it the client asks again. A single message may be longer. */
const MAX_CHARACTERS = 256 * 1024;

export async function syncChats(
  chat: Chat,
  actor: Actor,
  places: readonly Place[],
  maxBuffered: number,
): Promise<readonly SyncedChat[]> {
  let left = Math.min(MAX_CHARACTERS, Math.floor(maxBuffered / 4));
  const synced: SyncedChat[] = [];
  for (const place of places) {
    const one = left > 0 ? await syncOne(chat, actor, place, left) : postponed(place);
    left -= one.messages.reduce((sum, { content, fileUrl }) => sum + content.length + (fileUrl?.length ?? 0), 0);
    synced.push(one);
  }
  return synced;
}

async function syncOne(chat: Chat, actor: Actor, place: Place, maxCharacters: number): Promise<SyncedChat> {
  // An id that cannot be ours answers as one that is not there.
  const conversation = place.chat ?? Number.MAX_SAFE_INTEGER;
  let page: ResumePage;
  try {
    page = await chat.resume(actor, {
      kinds: CONVERSATION_KINDS,
      after: place.after,
      limit: MAX_PAGE,
      target: { conversation },
    });
  } catch (thrown) {
    const error = noteRefusal(chat, actor.door, thrown);
    if (error.code === 'internal' || error.code === 'unavailable') throw error;
    return { ...postponed(place), more: false, error: toRefusal(error) };
  }
  const entries = fitting(page, maxCharacters);
  const isWhole = entries.length === page.entries.length;
  const last = entries.at(-1);
  const messages = newestStates(entries.flatMap((entry) => (entry.type === 'read' ? [] : [entry.message])));
  return {
    chatId: place.chatId,
    messages: await toObjects(chat, actor.namespace, messages),
    lastId: String(isWhole || last === undefined ? page.next : placeOf(last)),
    more: page.more || !isWhole,
    cut: page.cut,
  };
}

/** A chat that did not fit: to be asked for again from the same place. */
function postponed({ chatId, after }: Place): SyncedChat {
  return { chatId, messages: [], lastId: String(after), more: true, cut: false };
}

/** As many entries from the start as have so many characters together, but one at least. */
function fitting({ entries }: ResumePage, maxCharacters: number): ResumePage['entries'] {
  let characters = 0;
  for (const [at, entry] of entries.entries()) {
    if (entry.type !== 'read') characters += entry.message.content?.text?.length ?? 0;
    if (characters > maxCharacters && at > 0) return entries.slice(0, at);
  }
  return entries;
}

/** Each message once, as it was last, ascending. */
function newestStates(messages: readonly Message[]): readonly Message[] {
  const newest = new Map<Id, Message>();
  for (const message of messages) newest.set(message.id, message);
  return [...newest.values()].sort((one, other) => one.id - other.id);
}

async function toObjects(chat: Chat, namespace: string, messages: readonly Message[]): Promise<readonly MessageObject[]> {
  const names = new Map<Id, ShownName | undefined>();
  for (const { sender } of messages) {
    if (names.has(sender)) continue;
    const user = await chat.findUser(namespace, sender);
    names.set(sender, user && shownName(user));
  }
  return messages.map((message) => toMessageObject(chat.links, message, names.get(message.sender)));
}
