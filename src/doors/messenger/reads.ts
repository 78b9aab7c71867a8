/**
 * Who has a chat open reads what arrives in it (wire.md section 3: joining reads). Of what comes while a cursor is being moved only the newest
 * counts, so a busy chat costs one move per commit and reader, not one per message.
 */
import type { Actor, Chat, Id } from '../../core/index.ts';
import { noteRefusal } from './refusals.ts';

export interface Reads {
  /** A message by somebody else has come to a user who has its chat open. `failed`: it stays unread. */
  add(actor: Actor, chat: Id, message: Id, failed: () => void): void;
}

interface Entry {
  upTo: Id;
  readonly actor: Actor;
  readonly failed: () => void;
}

export function createReads(deps: { chat: Chat }): Reads {
  const { chat } = deps;
  const entries = new Map<string, Entry>();

  async function run(key: string, conversation: Id, entry: Entry): Promise<void> {
    try {
      for (let told = 0; entry.upTo > told;) {
        told = entry.upTo;
        await chat.moveCursor(entry.actor, 'read', { conversation }, told);
      }
    } catch (thrown) {
      noteRefusal(chat, entry.actor.door, thrown);
      entry.failed();
    }
    entries.delete(key);
  }

  return {
    add(actor, conversation, message, failed) {
      const key = `${actor.user}/${conversation}`;
      const known = entries.get(key);
      if (known !== undefined) {
        known.upTo = Math.max(known.upTo, message);
        return;
      }
      const entry: Entry = { upTo: message, actor, failed };
      entries.set(key, entry);
      setImmediate(() => void run(key, conversation, entry));
    },
  };
}
