/**
 * One category of a SYNC, and the live deliveries that meet it:
 *
 *     paging ──release──▶ settling ──first delivery that no page had──▶ live
 *
 * While it is paged, live deliveries are held: an older post may still be to come from the store. What a page has told may be announced a moment
 * later (a store shows what is on disk, and announcing comes after that): it is dropped, while paging and afterwards, so that nothing is told twice.
 */
import { placeOf } from '../../core/index.ts';
import type { Conversation, Frame, Id, ResumeEntry } from '../../core/index.ts';

/** Deliveries held at most; with more the store is asked again, which has them all. */
const MAX_HELD = 256;

/** The same in bytes: their frames are kept in memory for this connection. */
const MAX_HELD_BYTES = 256 * 1024;

export interface Held {
  readonly entry: ResumeEntry;
  readonly frame: Frame;
}

export interface Paging {
  /** The store is about to be asked: it has all that was held so far. */
  beginPage(): void;
  /** What the page told. */
  endPage(places: readonly Id[]): void;
  /** More came than is held: the store must be asked again. */
  readonly overflowed: boolean;
  /** `held` and `told` deliveries must not be sent; with `live` the category needs no paging any more. */
  meet(entry: ResumeEntry, frame: Frame): 'held' | 'told' | 'other' | 'live';
  /** Ends the paging: what was held meanwhile and no page has told, in order. */
  release(): readonly Held[];
}

/** `covers` tells which conversations the SYNC speaks of. */
export function createPaging(covers: (conversation: Conversation) => boolean): Paging {
  let held: Held[] = [];
  let bytes = 0;
  let overflowed = false;
  let released = false;
  // What is announced late is in the newest page, or, when that was read at once, in the one before.
  let told: ReadonlySet<Id> = new Set();
  let toldBefore: ReadonlySet<Id> = new Set();

  function forget(): void {
    held = [];
    bytes = 0;
  }

  function hold(entry: ResumeEntry, frame: Frame): void {
    if (overflowed) return;
    held.push({ entry, frame });
    bytes += frame.length;
    if (held.length <= MAX_HELD && bytes <= MAX_HELD_BYTES) return;
    overflowed = true;
    forget();
  }

  return {
    beginPage() {
      overflowed = false;
      forget();
    },
    endPage(places) {
      if (places.length === 0) return;
      toldBefore = told;
      told = new Set(places);
    },
    get overflowed() {
      return overflowed;
    },
    meet(entry, frame) {
      if (!covers(entry.conversation)) return 'other';
      const place = placeOf(entry);
      if (told.has(place) || toldBefore.has(place)) return 'told';
      if (released) return 'live';
      hold(entry, frame);
      return 'held';
    },
    release() {
      released = true;
      const rest = held.filter(({ entry }) => !told.has(placeOf(entry)) && !toldBefore.has(placeOf(entry)));
      forget();
      return rest;
    },
  };
}
