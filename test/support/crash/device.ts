/**
 * A client with a memory: what it has was received, over connections that come and go; its cursors are the newest ids it has per category.
 * It counts an id once everything older of that category has come: from SYNC pages, and from pushes and answers once the SYNC is answered.
 */
import type { Carrier, StreamLink } from '../clients/carriers.ts';
import { Category, PayloadType, Type } from '../clients/stream-frame.ts';
import type { ClientIdJson, PostJson, PostmarkJson, StreamJson } from '../clients/stream-frame.ts';
import { keyOf } from './places.ts';

/** What a device has of one message. */
export interface Seen {
  readonly id: number;
  readonly conversation: string;
  readonly sender: number;
  /** Undefined: it was recalled. */
  readonly text: string | undefined;
  /** The world's clock when it first came. */
  readonly at: number;
}

/** How one attempt at a post ended. `lost`: the connection went before the answer came. */
export type Attempt =
  | { readonly type: 'accepted'; readonly id: number }
  | { readonly type: 'refused'; readonly code: number | undefined }
  | { readonly type: 'lost' };

export interface DeviceOptions {
  readonly name: string;
  readonly user: number;
  readonly carrier: Carrier;
  readonly extensions: boolean;
  readonly token: string;
  /** The room it enters with every connection. */
  readonly room: number;
  /** Where the server listens; waits while it is down. */
  readonly port: () => Promise<number>;
  /** A counter that stands for the time: it grows with everything that happens. */
  readonly clock: () => number;
}

interface Awaited {
  readonly post: PostJson;
  readonly answer: (attempt: Attempt) => void;
}

interface Syncing {
  readonly categories: readonly number[];
  /** Its pages count for the cursors: it is not about one conversation among others of its category. */
  readonly counts: boolean;
  begun: boolean;
  readonly answered: () => void;
}

/** One connection of the device. */
interface Session {
  readonly link: StreamLink;
  readonly live: Set<number>;
  /** Newest id of each conversation heard on this connection, since its category was last asked for. */
  readonly heard: Map<number, Map<string, number>>;
  readonly awaited: Map<string, Awaited>;
  readonly syncs: Map<string, Syncing>;
}

function conversationOf({ category, sender, receiver }: PostmarkJson): string {
  return keyOf({ category, receiver: Number(receiver) }, Number(sender));
}

/** All that a device asks for when it connects. */
const CATEGORIES = 4;

/** What stands for the text of a file, for clients that are not told its caption. */
export const FILE_ALONE = '(a file)';

/** Undefined: it is a recall. */
function textOf({ type, text, caption, resource }: PostJson): string | undefined {
  if (type === Type.RECALL) return undefined;
  return text?.content ?? caption ?? (resource === undefined ? undefined : FILE_ALONE);
}

export class Device {
  readonly door = 'stream';
  readonly name: string;
  readonly user: number;
  readonly extensions: boolean;
  /** Every message it has, by unique_id. */
  readonly seen = new Map<number, Seen>();
  /** Newest message named by the READ marks of a reader: `reader conversation` → id. */
  readonly reads = new Map<string, number>();
  /** What was wrong with the way things came. */
  readonly faults: string[] = [];
  readonly #options: DeviceOptions;
  readonly #cursors = new Map<number, number>();
  #session: Session | undefined;
  /** It comes back by itself whenever the server ends its connection. */
  #wanted = false;
  #serial = 0;
  #arrivals: (() => void)[] = [];

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.name = options.name;
    this.user = options.user;
    this.extensions = options.extensions;
  }

  /** Connects and resumes; resolves when all categories are live. Tries again while the server is away. */
  async connect(): Promise<void> {
    this.#wanted = true;
    while (this.#session === undefined && this.#wanted) {
      const { token, carrier, extensions } = this.#options;
      const port = await this.#options.port();
      const link = await carrier.connect({ port, token, extensions }).catch(() => undefined);
      // Without a turn of the loop a server that refuses at once would be asked without end.
      if (link === undefined) await new Promise((resolve) => setImmediate(resolve));
      else if (this.#session !== undefined || !this.#wanted) link.drop();
      else await this.#run(link);
    }
  }

  /** Leaves in order. */
  close(): void {
    this.#wanted = false;
    void this.#session?.link.close();
    this.#lost(this.#session);
  }

  /** Leaves without a word. */
  drop(): void {
    this.#wanted = false;
    this.#session?.link.drop();
    this.#lost(this.#session);
  }

  /** Asks for everything of one conversation after an id, while live. Resolves when it is answered, or the connection is gone. */
  async syncTarget(category: number, target: string, after: number): Promise<void> {
    if (this.#session !== undefined) await this.#sync(this.#session, [{ category, last_id: String(after) }], target, false);
  }

  /** Sends a post under a key; resolves with what came of it. */
  post(key: string, post: PostJson): Promise<Attempt> {
    const session = this.#session;
    if (session === undefined) return Promise.resolve({ type: 'lost' });
    return new Promise((answer) => {
      session.awaited.set(key, { post, answer });
      session.link.send({ sn: key, type: PayloadType.MESSAGES, postbox: { posts: [post] } });
    });
  }

  /** Acknowledges delivery of all it has of a category. */
  acknowledge(category: number): void {
    const local_ids = [this.#position(category)];
    this.#session?.link.send({ sn: this.#nextSn(), type: PayloadType.RECEIPTS, receipts: { local_ids } });
  }

  /** Resolves when it has the message and is live: has had the answers to all that it asked for when it connected. */
  async hasAllUpTo(id: number): Promise<void> {
    while (!this.seen.has(id) || this.#session === undefined || this.#session.live.size < CATEGORIES)
      await new Promise<void>((resolve) => this.#arrivals.push(resolve));
  }

  /** What it asked for itself was accepted: nobody tells it what it has done. */
  note({ postmark, type, text }: PostJson, id: number): void {
    const known = this.seen.get(id);
    if (type === Type.RECALL && known !== undefined) this.seen.set(id, { ...known, text: undefined });
    // The answer to a retry may come later than a newer state of the message.
    if (type !== Type.TEXT || known !== undefined) return;
    const conversation = conversationOf(postmark);
    this.seen.set(id, { id, conversation, sender: this.user, text: text?.content, at: this.#options.clock() });
  }

  async #run(link: StreamLink): Promise<void> {
    const session: Session = { link, live: new Set(), heard: new Map(), awaited: new Map(), syncs: new Map() };
    this.#session = session;
    void this.#listen(session);
    const categories = [Category.PRIVATE, Category.GROUP, Category.CHANNEL].map((category) => this.#position(category));
    const room = this.#sync(session, [this.#position(Category.ROOM)], String(this.#options.room), true);
    await Promise.all([this.#sync(session, categories, undefined, true), room]);
  }

  async #listen(session: Session): Promise<void> {
    try {
      // What a connection that was left still carries is not read any more.
      while (this.#session === session) this.#receive(session, await session.link.next());
    } catch {
      this.#lost(session);
    }
  }

  #lost(session: Session | undefined): void {
    if (session === undefined) return;
    if (this.#session === session) this.#session = undefined;
    for (const { answer } of session.awaited.values()) answer({ type: 'lost' });
    for (const { answered } of session.syncs.values()) answered();
    session.awaited.clear();
    session.syncs.clear();
    if (this.#wanted) void this.connect();
  }

  #position(category: number): ClientIdJson {
    const last = this.#cursors.get(category);
    return last === undefined ? { category } : { category, last_id: String(last) };
  }

  #nextSn(): string {
    this.#serial += 1;
    return `${this.name}/${this.#serial}`;
  }

  #sync(session: Session, ids: readonly ClientIdJson[], target: string | undefined, counts: boolean): Promise<void> {
    return new Promise((answered) => {
      const sn = this.#nextSn();
      session.syncs.set(sn, { categories: ids.map(({ category }) => category), counts, begun: false, answered });
      session.link.send({ sn, type: PayloadType.SYNC, local: { ids }, ...(target !== undefined && { target }) });
    });
  }

  #receive(session: Session, stream: StreamJson): void {
    if (this.#session !== session) return;
    const posts = stream.postbox?.posts ?? [];
    const sync = session.syncs.get(stream.sn);
    const awaited = session.awaited.get(stream.sn);
    if (sync !== undefined) this.#takePage(session, stream, sync, posts);
    else if (awaited !== undefined) this.#takeAnswer(session, stream, awaited);
    else {
      for (const post of posts) this.#take(session, post, stream.changed === true, true);
      for (const { postmark } of posts) if (session.live.has(postmark.category)) this.#advance(postmark);
    }
    for (const wake of this.#arrivals.splice(0)) wake();
  }

  #takePage(session: Session, stream: StreamJson, sync: Syncing, posts: readonly PostJson[]): void {
    if (!sync.begun && sync.counts) {
      // What was pushed before the answer began may be newer than its pages.
      for (const category of sync.categories) session.heard.delete(category);
      sync.begun = true;
    }
    for (const post of posts) this.#take(session, post, stream.changed === true, sync.counts);
    if (sync.counts) for (const { postmark } of posts) this.#advance(postmark);
    if (posts.length > 0) return;
    if (sync.counts) for (const category of sync.categories) session.live.add(category);
    session.syncs.delete(stream.sn);
    sync.answered();
  }

  #takeAnswer(session: Session, stream: StreamJson, { post, answer }: Awaited): void {
    session.awaited.delete(stream.sn);
    const postmark = stream.postbox?.posts?.[0]?.postmark;
    if (postmark === undefined) {
      answer({ type: 'refused', code: stream.errors?.[0]?.code });
      return;
    }
    const id = Number(postmark.unique_id);
    this.note(post, id);
    if (session.live.has(postmark.category)) this.#advance(postmark);
    answer({ type: 'accepted', id });
  }

  #advance({ category, unique_id }: PostmarkJson): void {
    this.#cursors.set(category, Math.max(this.#cursors.get(category) ?? 0, Number(unique_id)));
  }

  #take(session: Session, post: PostJson, changed: boolean, ordered: boolean): void {
    const { postmark } = post;
    const id = Number(postmark.unique_id);
    const sender = Number(postmark.sender);
    const conversation = conversationOf(postmark);
    if (post.type === Type.READ) {
      const key = `${sender} ${conversation}`;
      this.reads.set(key, Math.max(this.reads.get(key) ?? 0, id));
      return;
    }
    const known = this.seen.get(id);
    const text = textOf(post);
    if (changed && !this.extensions) this.#fault(`was sent an edit of ${id} without having asked for extensions`);
    if (known !== undefined && known.text === undefined && text !== undefined)
      this.#fault(`saw the text of ${id} after its recall`);
    if (known !== undefined && (known.conversation !== conversation || known.sender !== sender)) {
      this.#fault(`saw ${id} in ${conversation} by ${sender}, before in ${known.conversation} by ${known.sender}`);
    }
    if (ordered && text !== undefined && !changed) this.#hear(session, postmark.category, conversation, id);
    this.seen.set(id, { id, conversation, sender, text, at: known?.at ?? this.#options.clock() });
  }

  /** What is new comes in the order of its conversation; what is known may be repeated. */
  #hear({ heard }: Session, category: number, conversation: string, id: number): void {
    const conversations = heard.get(category) ?? new Map<string, number>();
    heard.set(category, conversations);
    const before = conversations.get(conversation) ?? 0;
    if (id > before) conversations.set(conversation, id);
    else if (!this.seen.has(id)) this.#fault(`heard ${id} of ${conversation} after ${before}`);
  }

  #fault(what: string): void {
    this.faults.push(`${this.name} ${what}`);
  }
}
