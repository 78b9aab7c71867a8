/** A user on the stream, over any carrier: sorts answers from pushes and keeps every frame in the order it came. */
import { Inbox } from './inbox.ts';
import type { Carrier, ConnectOptions, StreamEnd, StreamLink } from './clients/carriers.ts';
import { Category, PayloadType, Type } from './clients/stream-frame.ts';
import type { ClientIdJson, PostJson, PostmarkJson, StreamJson } from './clients/stream-frame.ts';
import type { TestServer } from './server.ts';
import { tokenFor } from './tokens.ts';

/** Where a post goes. */
export type Place =
  | { readonly peer: number }
  | { readonly group: number }
  | { readonly channel: number }
  | { readonly room: number };

/** A post that the server sent of its own accord. */
export interface Push extends PostJson {
  readonly sn: string;
  readonly target?: string;
  readonly changed?: boolean;
}

export interface PostOptions {
  readonly sn?: string;
  readonly expire?: string;
  readonly type?: number;
  readonly id?: string;
}

export interface Sync {
  /** Every frame of the answer but the last, in order. */
  readonly pages: readonly StreamJson[];
  /** The empty page that ends it. */
  readonly last: StreamJson;
  readonly posts: readonly PostJson[];
}

export function postmarkTo(place: Place, sender: number): PostmarkJson {
  const to = (category: number, receiver: number): PostmarkJson => ({
    category,
    sender: String(sender),
    receiver: String(receiver),
  });
  if ('peer' in place) return to(Category.PRIVATE, place.peer);
  if ('group' in place) return to(Category.GROUP, place.group);
  return 'channel' in place ? to(Category.CHANNEL, place.channel) : to(Category.ROOM, place.room);
}

export function textPost(place: Place, sender: number, content: string, options: PostOptions = {}): PostJson {
  const postmark = { ...postmarkTo(place, sender), ...(options.expire !== undefined && { expire: options.expire }) };
  return { postmark, type: Type.TEXT, text: { content } };
}

/** RECALL or READ. */
export function markPost(type: number, place: Place, sender: number, id: string): PostJson {
  return { postmark: { ...postmarkTo(place, sender), unique_id: id }, type };
}

/** The posts of an answer hold no post for what was refused. */
export class Refused extends Error {
  readonly answer: StreamJson;

  constructor(answer: StreamJson) {
    super(`the post was refused: ${JSON.stringify(answer.errors ?? 'no reason given')}`);
    this.answer = answer;
  }
}

let peers = 0;

export class StreamPeer {
  readonly user: number;
  readonly link: StreamLink;
  /** Every frame, in order of arrival. */
  readonly frames: StreamJson[] = [];
  readonly pushes = new Inbox<Push>();
  /** By sn: answers, and how many wait for one. */
  readonly #answers = new Map<string, { readonly inbox: Inbox<StreamJson>; waiting: number }>();
  readonly #prefix: string;
  #sent = 0;
  /** Why nothing more will come. */
  #over: Error | undefined;

  private constructor(user: number, link: StreamLink) {
    this.user = user;
    this.link = link;
    peers += 1;
    this.#prefix = `peer-${process.pid}-${peers}`;
    void this.#read();
  }

  static async connect(
    carrier: Carrier,
    server: Pick<TestServer, 'port'>,
    user: number,
    options: Partial<ConnectOptions> = {},
  ): Promise<StreamPeer> {
    return new StreamPeer(user, await carrier.connect({ port: server.port, token: tokenFor(user), ...options }));
  }

  get ended(): Promise<StreamEnd> {
    return this.link.ended;
  }

  /** An sn nobody has used. */
  freshSn(): string {
    this.#sent += 1;
    return `${this.#prefix}-${this.#sent}`;
  }

  /** Sends a frame and resolves with the first frame that carries its sn; what carries it later is a push. */
  async ask(frame: StreamJson): Promise<StreamJson> {
    const answers = this.#expect(frame.sn);
    this.link.send(frame);
    try {
      return await answers.next();
    } finally {
      this.#expectNoMore(frame.sn);
    }
  }

  /** Sends posts in one frame. */
  async post(posts: readonly PostJson[], sn = this.freshSn()): Promise<StreamJson> {
    return this.ask({ sn, type: PayloadType.MESSAGES, postbox: { posts } });
  }

  /** Sends one post and resolves with its postmark; rejects with `Refused`. */
  async deliver(post: PostJson, sn?: string): Promise<PostmarkJson> {
    const answer = await this.post([post], sn);
    const accepted = answer.postbox?.posts?.[0];
    if (accepted === undefined) throw new Refused(answer);
    return accepted.postmark;
  }

  send(place: Place, content: string, options: PostOptions = {}): Promise<PostmarkJson> {
    return this.deliver(textPost(place, this.user, content, options), options.sn);
  }

  recall(place: Place, id: string): Promise<PostmarkJson> {
    return this.deliver(markPost(Type.RECALL, place, this.user, id));
  }

  read(place: Place, id: string): Promise<PostmarkJson> {
    return this.deliver(markPost(Type.READ, place, this.user, id));
  }

  /** Everything newer than the ids, up to and with the empty page. */
  async sync(ids: readonly ClientIdJson[], target?: number): Promise<Sync> {
    const sn = this.freshSn();
    const answers = this.#expect(sn);
    this.link.send({ sn, type: PayloadType.SYNC, local: { ids }, ...(target !== undefined && { target: String(target) }) });
    const pages: StreamJson[] = [];
    try {
      for (;;) {
        const page = await answers.next();
        if (page.postbox?.posts === undefined && page.cut !== true) {
          return { pages, last: page, posts: pages.flatMap(({ postbox }) => postbox?.posts ?? []) };
        }
        pages.push(page);
      }
    } finally {
      this.#expectNoMore(sn);
    }
  }

  receipts(receipts: NonNullable<StreamJson['receipts']>, sn = this.freshSn()): void {
    this.link.send({ sn, type: PayloadType.RECEIPTS, receipts });
  }

  /** Resolves when the server has handled every frame sent before: a frame without posts is answered in order. */
  async settled(): Promise<void> {
    await this.post([]);
  }

  nextPush(): Promise<Push> {
    return this.pushes.next();
  }

  close(): Promise<unknown> {
    return this.link.close();
  }

  drop(): void {
    this.link.drop();
  }

  #expect(sn: string): Inbox<StreamJson> {
    const answers = this.#answers.get(sn) ?? { inbox: new Inbox<StreamJson>(), waiting: 0 };
    if (this.#over !== undefined) answers.inbox.end(this.#over);
    answers.waiting += 1;
    this.#answers.set(sn, answers);
    return answers.inbox;
  }

  #expectNoMore(sn: string): void {
    const answers = this.#answers.get(sn);
    if (answers === undefined) return;
    answers.waiting -= 1;
    if (answers.waiting === 0) this.#answers.delete(sn);
  }

  async #read(): Promise<void> {
    try {
      for (;;) this.#sort(await this.link.next());
    } catch (reason) {
      const error = reason instanceof Error ? reason : new Error(String(reason));
      this.#over = error;
      this.pushes.end(error);
      for (const { inbox } of this.#answers.values()) inbox.end(error);
    }
  }

  #sort(frame: StreamJson): void {
    this.frames.push(frame);
    const answers = this.#answers.get(frame.sn);
    if (answers !== undefined) {
      answers.inbox.push(frame);
      return;
    }
    const { sn, target, changed } = frame;
    for (const post of frame.postbox?.posts ?? []) {
      this.pushes.push({ ...post, sn, ...(target !== undefined && { target }), ...(changed !== undefined && { changed }) });
    }
  }
}
