/**
 * What came since a place in the feed, running into what is live without a gap: live frames are held back while it is read, and those that
 * the reading has met are not told again.
 */
import { placeOf, sceneIn } from '../../core/index.ts';
import type { Actor, Chat, ChatResume, Delivery, Frame, Id, ReadDelivery, ResumeEntry } from '../../core/index.ts';
import { frameOf } from './frames.ts';
import type { Frames } from './frames.ts';

/** Live frames held back for one client; with more they are let go, and read from the store instead. */
const MAX_HELD = 1_000;

export interface Replay {
  /** Resolves when everything is told and the client is live. */
  run(conversation: Id): Promise<void>;
  /** Whether a live frame is told later, or was told already. */
  withholds(delivery: Delivery, frame: Frame): boolean;
}

interface Held {
  readonly place: Id;
  readonly delivery: Delivery;
  readonly frame: Frame;
}

export function createReplay(deps: {
  readonly chat: Chat;
  readonly actor: Actor;
  readonly frames: Frames;
  readonly after: Id;
  readonly push: (frame: Frame) => void;
  /** What a delivery is told as now. */
  readonly encode: (delivery: Delivery) => Frame | undefined;
  /** Resolves when the client has taken most of what was written. */
  readonly drained: () => Promise<void>;
  readonly isOpen: () => boolean;
}): Replay {
  const { chat, actor, frames, push, encode, drained, isOpen } = deps;
  let place = deps.after;
  let held: Held[] | undefined = [];
  let live = false;
  let isCut = false;
  /** The page that was read last. */
  let last: ChatResume | undefined;
  /** How far the client, the desk and the readers of each aside have read, where that is news. */
  const reads = new Map<'client' | 'desk' | Id, ReadDelivery>();

  async function page(conversation: Id): Promise<boolean> {
    const found = await chat.desk.resume(actor, { conversation }, place);
    last = found;
    if (found.cut && !isCut) push(frameOf('history_cut', {}));
    isCut ||= found.cut;
    for (const entry of found.entries) tell(found, entry);
    place = Math.max(place, found.next);
    return found.more;
  }

  function tell(found: ChatResume, entry: ResumeEntry): void {
    if (entry.type === 'read') {
      const side = entry.user === found.chat.scene.chat.client ? 'client' : 'desk';
      reads.set(entry.conversation.aside === undefined ? side : entry.conversation.id, entry);
      return;
    }
    const { message, conversation } = entry;
    const told = { message, conversation, scene: sceneIn(found, message), sender: found.people.get(message.sender) };
    push(frames.message(entry.type === 'message' ? 'message_added' : 'message_updated', told));
  }

  /** How far messages have come is in each of them; of those that the client has already the newest is told. */
  async function tellReads(): Promise<void> {
    for (const { message: id, conversation } of reads.values()) {
      const message = id !== 0 && id <= deps.after ? await chat.core.store.message(id) : undefined;
      if (message?.conversation !== conversation.id || last === undefined) continue;
      const sender = await chat.findUser(actor.namespace, message.sender);
      push(frames.message('message_updated', { message, conversation, scene: sceneIn(last, message), sender }));
    }
  }

  /** The reading may have told a later status than a frame had when it was held back. What is new to the client stays as it was answered. */
  const toNow = ({ delivery, frame }: Held): Frame => (delivery.type === 'message' ? frame : (encode(delivery) ?? frame));

  return {
    async run(conversation) {
      let more = true;
      while (more && isOpen()) {
        more = await page(conversation);
        // What had to be let go is stored: it is read like the rest.
        if (held === undefined) {
          held = [];
          more = true;
        }
        if (more) await drained();
      }
      if (isOpen()) await tellReads();
      const waiting = held ?? [];
      held = undefined;
      live = true;
      for (const one of waiting) if (one.place > place || one.place === 0) push(toNow(one));
    },
    withholds(delivery, frame) {
      const at = delivery.type === 'message' || delivery.type === 'change' ? placeOf(delivery) : 0;
      if (live) return at !== 0 && at <= place;
      if (held !== undefined && held.length >= MAX_HELD) held = undefined;
      held?.push({ place: at, delivery, frame });
      return true;
    },
  };
}
