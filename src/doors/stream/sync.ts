/**
 * SYNC: everything newer than what the client has, in pages, running into live pushes without a gap.
 *
 * From the request to the empty page that ends the answer, live pushes of the categories asked for are held back (paging.ts): they are committed, so the
 * paging comes to them, or they follow the empty page. A push is thus never sent ahead of an older one.
 */
import { ChatError, placeOf } from '../../core/index.ts';
import type { Chat, Conversation, Delivery, Frame, Id, ResumeEntry, ResumePage, Session } from '../../core/index.ts';
import { categoryOf, toFeedPost, toKinds, toMessages, toTarget } from './codec.ts';
import { createPaging } from './paging.ts';
import type { Held, Paging } from './paging.ts';
import { STATUS, toError } from './status.ts';
import { Category, toSafeId } from './wire.ts';
import type { ClientId, Int64, Post, Stream } from './wire.ts';

export interface Sync {
  /** Resolves when the answer has been written to its end. */
  answer(sn: string, ids: readonly ClientId[], target: Int64 | undefined): Promise<void>;
  /** False: `withholds` need not be asked. */
  readonly watching: boolean;
  /** Whether a live delivery is left to the paging, or was told by it. */
  withholds(delivery: Delivery, frame: Frame): boolean;
}

/** Categories in one SYNC: there are four, and naming one twice has no meaning. */
const MAX_IDS = 8;

/** Entries in one frame of an answer (wire.md section 1). */
const MAX_PAGE = 100;

/** Characters of texts and addresses in one frame of an answer: the rest waits until the client has taken it. A single post may be longer. */
const MAX_PAGE_CHARACTERS = 128 * 1024;

/** One category of a request. */
interface Part {
  readonly category: Category;
  /** Its place in the request. */
  readonly index: number;
  readonly paging: Paging;
  after: Id;
  first: boolean;
  /** Entries to ask for: as many as one frame had room for, so that large posts are not read again and again. */
  limit: number;
}

interface Request {
  readonly sn: string;
  readonly target: Int64 | undefined;
}

export function createSync(deps: {
  chat: Chat;
  session: Session;
  push: (stream: Stream) => void;
  pushFrame: (frame: Frame) => void;
  drained: () => Promise<void>;
  extensions: () => boolean;
  isOpen: () => boolean;
  /** Bytes the client may leave unread: a frame of an answer stays well below. */
  maxBuffered: number;
}): Sync {
  const { chat, session, push, pushFrame, drained, extensions, isOpen } = deps;
  const pagings = new Map<Category, Paging>();
  const maxCharacters = Math.min(MAX_PAGE_CHARACTERS, Math.floor(deps.maxBuffered / 4));

  /** Pages one category until nothing newer is stored and all that came meanwhile is held. */
  async function run(request: Request, part: Part): Promise<void> {
    for (let more = true; more && isOpen();) {
      part.paging.beginPage();
      const found = await ask(request, part);
      more = writePage(request, part, found) || part.paging.overflowed;
      if (more) await drained();
    }
  }

  /** A right that ends meanwhile ends the answer: it is checked with every page. */
  async function ask({ target }: Request, { category, after, limit }: Part): Promise<ResumePage> {
    return chat.resume(session.actor, {
      kinds: toKinds(category),
      after,
      limit,
      ...(target !== undefined && { target: toTarget(category, target) }),
      rooms: category === Category.ROOM ? chat.core.hub.roomsOf(session) : [],
    });
  }

  /** Writes as much of a page as one frame may hold. Returns whether there is more. */
  function writePage(request: Request, part: Part, found: ResumePage): boolean {
    const entries = fitting(found.entries, maxCharacters);
    const whole = entries.length === found.entries.length;
    const last = entries.at(-1);
    writeEntries(request, entries, part.first && found.cut);
    part.paging.endPage(entries.map(placeOf));
    part.first = false;
    part.limit = whole ? Math.min(part.limit * 2, MAX_PAGE) : Math.max(entries.length, 1);
    part.after = whole || last === undefined ? found.next : placeOf(last);
    return found.more || !whole;
  }

  function writeEntries({ sn, target }: Request, entries: readonly ResumeEntry[], isCut: boolean): void {
    const telling = { extensions: extensions(), links: chat.links };
    const told = entries.map((entry) => toFeedPost(entry, telling)).filter((post) => post !== undefined);
    const inTarget: Partial<Stream> = target === undefined ? {} : { target };
    let cut = isCut && extensions();
    let posts: Post[] = [];
    let changed = false;
    const flush = (): void => {
      if (posts.length > 0 || cut) push(toMessages(sn, posts, { ...inTarget, ...(cut && { cut }), ...(changed && { changed }) }));
      cut = false;
      posts = [];
    };
    // New versions go in frames of their own, in their place: the flag speaks of a whole frame.
    for (const post of told) {
      if (post.changed !== changed && posts.length > 0) flush();
      changed = post.changed;
      posts.push(post.post);
    }
    flush();
  }

  /** What is not the client's has nothing newer; the reason is for clients that take one. */
  function refuse(thrown: unknown, { index, category }: Part, failures: NonNullable<Stream['errors']>): void {
    const error = toError(thrown);
    if (error.code === 'internal' || error.code === 'unavailable') throw error;
    pagings.delete(category);
    chat.meter.refused(session.actor.door, error.code);
    failures.push({ index, code: STATUS[error.code].grpc, message: error.message });
  }

  async function runAll(request: Request, parts: readonly Part[]): Promise<NonNullable<Stream['errors']>> {
    const failures: NonNullable<Stream['errors']> = [];
    // What overflowed while another category was paged is paged again: at the end all are current.
    for (
      let left = parts;
      left.length > 0 && isOpen();
      left = left.filter(({ category, paging }) => paging.overflowed && pagings.has(category))
    ) {
      for (const part of left) {
        try {
          if (part.category === Category.ROOM && request.target !== undefined) await enter(chat, session, request.target);
          await run(request, part);
        } catch (thrown) {
          refuse(thrown, part, failures);
        }
      }
    }
    return failures;
  }

  /** Sends what was held and is still the client's: a right may have ended meanwhile. */
  function release(parts: readonly Part[]): void {
    const held: Held[] = parts.filter(({ category }) => pagings.has(category)).flatMap(({ paging }) => paging.release());
    if (held.length === 0) return;
    const { hub } = chat.core;
    const heard = new Set([...hub.conversationsOf(session), ...hub.roomsOf(session)]);
    held.sort((one, other) => placeOf(one.entry) - placeOf(other.entry));
    for (const { entry, frame } of held) {
      const expired = entry.type === 'message' && (entry.message.expiresAt ?? Infinity) <= chat.now();
      if (heard.has(entry.conversation.id) && !expired) pushFrame(frame);
    }
  }

  return {
    async answer(sn, ids, given) {
      // 0 is how clients without presence leave a field out.
      const target = given === 0 ? undefined : given;
      const parts = toParts(ids, target);
      for (const { category, paging } of parts) pagings.set(category, paging);
      let failures: NonNullable<Stream['errors']>;
      try {
        failures = await runAll({ sn, target }, parts);
      } catch (thrown) {
        pagings.clear();
        throw thrown;
      }
      if (!isOpen()) return;
      const errors = extensions() && failures.length > 0 ? { errors: failures } : {};
      push(toMessages(sn, [], { ...(target !== undefined && { target }), ...errors }));
      release(parts);
    },
    get watching() {
      return pagings.size > 0;
    },
    withholds(delivery, frame) {
      if (delivery.type !== 'message' && delivery.type !== 'change' && delivery.type !== 'read') return false;
      const category = categoryOf(delivery.conversation.kind);
      const met = pagings.get(category)?.meet(delivery, frame);
      if (met === 'live') pagings.delete(category);
      return met === 'held' || met === 'told';
    },
  };
}

/** The categories asked for; of one that is named twice the older id counts. */
function toParts(ids: readonly ClientId[], target: Int64 | undefined): Part[] {
  if (ids.length > MAX_IDS) throw new ChatError('invalid_argument', `local.ids: at most ${MAX_IDS} categories`);
  const parts = new Map<Category, Part>();
  for (const [index, { category, last_id }] of ids.entries()) {
    toKinds(category);
    const known = parts.get(category);
    const after = toAfter(last_id);
    if (known !== undefined) known.after = Math.min(known.after, after);
    else
      parts.set(category, {
        category,
        index,
        after,
        first: true,
        limit: MAX_PAGE,
        paging: createPaging(coveredBy(category, target)),
      });
  }
  return [...parts.values()];
}

/** Which conversations of a category a SYNC with this target speaks of. */
function coveredBy(category: Category, target: Int64 | undefined): (conversation: Conversation) => boolean {
  if (target === undefined) return () => true;
  const id = toSafeId(target);
  if (id === undefined) return () => false;
  return category === Category.PRIVATE ? ({ peers }) => peers?.includes(id) === true : (conversation) => conversation.id === id;
}

/** As many entries from the start as have so many characters together, but one at least. */
function fitting(entries: readonly ResumeEntry[], maxCharacters: number): readonly ResumeEntry[] {
  let characters = 0;
  for (const [at, entry] of entries.entries()) {
    characters += charactersOf(entry);
    if (characters > maxCharacters && at > 0) return entries.slice(0, at);
  }
  return entries;
}

function charactersOf(entry: ResumeEntry): number {
  const content = entry.type === 'read' ? undefined : entry.message.content;
  return (content?.text?.length ?? 0) + (content?.resource?.url.length ?? 0) + (content?.resource?.thumbnail?.length ?? 0);
}

/** A SYNC that names a room enters it: from here on its posts come live. */
async function enter(chat: Chat, session: Session, target: Int64): Promise<void> {
  const scope = toTarget(Category.ROOM, target);
  if ('conversation' in scope) await chat.enterRoom(session, scope.conversation);
}

/** An id beyond ours is newer than everything. */
function toAfter(last: Int64 | undefined): Id {
  if (last === undefined) return 0;
  return typeof last === 'number' ? last : Number.MAX_SAFE_INTEGER;
}
