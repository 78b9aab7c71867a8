/** What a writer's letters must be in a folder after any kill. */
import { hashOf } from './files-verdict.ts';
import type { Inspected } from './inspect.ts';
import { fileFor } from './ways.ts';
import type { Letter } from './writer.ts';

/** Accepted letters are there as accepted; of a writer with an order, what is there is in the order of sending, without a gap. */
export function checkLetters(
  conversation: string,
  letters: readonly Letter[],
  found: Inspected,
  isOrdered: boolean,
): readonly string[] {
  const faults: string[] = [];
  const stored = new Map(
    (found.conversations.get(conversation) ?? []).map((message) => [`${message.sender} ${message.key}`, message]),
  );
  const cut = found.cuts.get(conversation) ?? 0;
  let before = 0;
  let missing: string | undefined;
  for (const { key, sender, id, text, refused } of letters) {
    const message = stored.get(`${sender} ${key}`);
    if (message === undefined) {
      if (cut > 0 && (id === 0 || id <= cut)) continue;
      if (id !== 0) faults.push(`${key} was accepted as ${id} in ${conversation} and is lost`);
      if (!refused) missing ??= key;
      continue;
    }
    if (id !== 0 && message.id !== id) faults.push(`${key} was accepted as ${id} and is stored as ${message.id}`);
    if (message.text !== text) faults.push(`${key} is not what was sent`);
    if (isOrdered && message.id < before) faults.push(`${key} lies before a letter that was sent earlier`);
    if (isOrdered && missing !== undefined) faults.push(`${key} is there, ${missing}, sent earlier, is not`);
    before = message.id;
  }
  return faults;
}

/** Accepted letters have their files. */
export function checkFiles(letters: readonly Letter[], { conversations }: Inspected): string[] {
  const stored = new Map([...conversations.values()].flat().map((message) => [message.id, message]));
  return letters.flatMap(({ key, id, text }) => {
    const message = stored.get(id);
    const isRight = message === undefined || message.file === hashOf(fileFor(text));
    return isRight ? [] : [`${key} was accepted as ${id} with a file and has ${message.file}`];
  });
}
