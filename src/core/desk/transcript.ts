/** A support chat as a text for people. */
import type { Message, User } from '../model.ts';
import type { ChatHistory } from './history.ts';

/** Messages in a transcript: a book of them. What is beyond is left out, and the transcript says so. */
export const MAX_TRANSCRIPT = 10_000;

/** One line per message, more where it has more; times in UTC. */
export function transcriptOf(history: ChatHistory): string {
  const { scene } = history.chat;
  const { chat, client } = scene;
  const title = `Chat ${chat.uuid}${chat.source === '' ? '' : ` from ${chat.source}`}, ${chat.status}`;
  const who = client === undefined ? [] : [`Client: ${callName(client)}`];
  const rating = chat.rating === undefined ? [] : [`Rating: ${chat.rating.score} of 5 ${chat.rating.comment}`.trimEnd()];
  const lines = history.messages.map((message) => lineOf(message, history.people.get(message.sender)));
  const end = history.moreAfter ? ['There is more, which is left out.'] : [];
  return [title, ...who, ...rating, '', ...lines, ...end, ''].join('\n');
}

function lineOf(message: Message, sender: User | undefined): string {
  const time = `${new Date(message.sentAt).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const type = message.desk?.type ?? 'standard';
  const mark = type === 'standard' ? '' : ` (${type})`;
  const name = sender === undefined ? 'Server' : callName(sender);
  return `${time}  ${oneLine(name)}${mark}: ${wordsOf(message)}`;
}

function wordsOf({ state, content }: Message): string {
  if (content === undefined) return `[${state}]`;
  const { text, attachments, resource, location } = content;
  const words = text === undefined || text === '' ? [] : [text.split(/\r\n|[\r\n\u2028\u2029]/).join('\n    ')];
  const files = attachments?.map((one) =>
    'resource' in one ? (one.resource.name ?? 'file') : fileNameOf(one.foreign['filename']),
  );
  for (const file of files ?? (resource === undefined ? [] : [resource.name ?? resource.url])) words.push(`[${oneLine(file)}]`);
  if (location !== undefined) words.push(`[${location.latitude}, ${location.longitude}]`);
  return words.join(' ');
}

function fileNameOf(name: unknown): string {
  return typeof name === 'string' ? name : 'file';
}

export function callName({ id, name }: User): string {
  return name === '' ? `User ${id}` : name;
}

/** A name cannot make another line look like somebody else's. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
