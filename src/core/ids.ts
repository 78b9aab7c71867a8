/**
 * Ids: positive integers below 2^53, time-ordered: 40 bits of milliseconds since 2025, 5 bits of node, 8 bits of sequence.
 * (design.md, "Ids".) 40 bits of milliseconds last until November 2059.
 */
import type { Id, Millis } from './model.ts';

const EPOCH: Millis = Date.UTC(2025, 0, 1);
const SEQUENCE_SIZE = 2 ** 8;
const MILLISECOND = 2 ** 13;

export const MAX_ID = Number.MAX_SAFE_INTEGER;
export const MAX_NODE = 31;

export interface IdSource {
  /** The next id: greater than every id this source gave before, whatever the clock does. */
  next(): Id;
  /** Never give an id at or below this one: called with the newest stored id before the first use. */
  startAfter(id: Id): void;
}

/**
 * Ids of one node. When a millisecond's 256 ids are used up, the next millisecond's are taken, so the order is kept and
 * nothing waits; when the clock steps back, ids go on from the highest time seen.
 */
export function createIdSource(deps: { now: () => Millis; node?: number }): IdSource {
  const node = deps.node ?? 0;
  if (!Number.isInteger(node) || node < 0 || node > MAX_NODE) throw new RangeError(`node must be 0 to ${MAX_NODE}`);
  // A clock that was never set gives ids too: from 1, as 0 is none.
  let tick = 1;
  let sequence = 0;
  return {
    next() {
      const now = deps.now() - EPOCH;
      if (now > tick) {
        tick = now;
        sequence = 0;
      } else if (sequence === SEQUENCE_SIZE) {
        tick += 1;
        sequence = 0;
      }
      const id = tick * MILLISECOND + node * SEQUENCE_SIZE + sequence;
      if (id > MAX_ID) throw new RangeError('There are no ids after November 2059: is the clock right?');
      sequence += 1;
      return id;
    },
    startAfter(id) {
      const idTick = Math.floor(id / MILLISECOND);
      if (idTick >= tick) {
        tick = idTick + 1;
        sequence = 0;
      }
    },
  };
}

/** The time in an id of ours: when the message was stored. */
export function timeOfId(id: Id): Millis {
  return Math.floor(id / MILLISECOND) + EPOCH;
}

/** The smallest id a message of this time could have. */
export function firstIdAt(time: Millis): Id {
  return Math.max(1, (time - EPOCH) * MILLISECOND);
}

/** Whether a value is an id in our range; says nothing about whether it exists. */
export function isId(value: unknown): value is Id {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** A decimal string as an id; undefined when it is not the canonical form of one. */
export function parseId(text: string): Id | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) return undefined;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : undefined;
}
