/**
 * RECEIPTS of one connection. What comes while a commit is under way waits for the next one, of each category only the newest: a client that
 * acknowledges every push costs one write per commit.
 */
import type { Actor, Chat, Id } from '../../core/index.ts';
import { toKinds } from './codec.ts';
import { toError } from './status.ts';
import { toSafeId } from './wire.ts';
import type { Category, Receipts } from './wire.ts';

export interface ReceiptQueue {
  add(receipts: Receipts): void;
}

/** Single messages that may wait for the next commit: beyond it the oldest are passed over, as a newer one stands for them in most conversations. */
const MAX_POSTMARKS = 1_000;

export function createReceipts(deps: { chat: Chat; actor: Actor }): ReceiptQueue {
  const { chat, actor } = deps;
  const waiting = new Map<Category, number>();
  const busy = new Set<Category>();
  const singles = new Set<Id>();
  let isMarking = false;

  /** A receipt has no answer: what is wrong with it is only counted. */
  function refused(thrown: unknown): void {
    chat.meter.refused(actor.door, toError(thrown).code);
  }

  async function work(category: Category): Promise<void> {
    busy.add(category);
    for (let upTo = waiting.get(category); upTo !== undefined; upTo = waiting.get(category)) {
      waiting.delete(category);
      await chat.markDelivered(actor, toKinds(category), upTo).catch(refused);
    }
    busy.delete(category);
  }

  async function mark(): Promise<void> {
    isMarking = true;
    while (singles.size > 0) {
      const messages = [...singles];
      singles.clear();
      await Promise.all(messages.map((message) => chat.moveCursorToMessage(actor, 'delivered', message).catch(refused)));
    }
    isMarking = false;
  }

  return {
    add({ local_ids, postmarks }) {
      for (const { category, last_id } of local_ids) {
        toKinds(category);
        // Nothing has reached the client yet.
        if (last_id === undefined) continue;
        const upTo = toSafeId(last_id) ?? Number.MAX_SAFE_INTEGER;
        waiting.set(category, Math.max(upTo, waiting.get(category) ?? 0));
        if (!busy.has(category)) void work(category);
      }
      for (const { unique_id } of postmarks) {
        const message = toSafeId(unique_id);
        if (message === undefined || message === 0) continue;
        singles.add(message);
        if (singles.size > MAX_POSTMARKS) singles.delete(oldest(singles));
      }
      if (!isMarking && singles.size > 0) void mark();
    },
  };
}

/** The first that was added. */
function oldest(ids: ReadonlySet<Id>): Id {
  const [first = 0] = ids;
  return first;
}
