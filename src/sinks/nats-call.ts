/**
 * One call of the NATS sink. Many messages are under way at a time, of each key only one: JetStream may refuse a message and take the next, and
 * what it once took it takes for a repetition when it comes again, so that an order that is lost stays lost.
 */
import type { FeedEvent } from '../feed/index.ts';
import type { Link } from './nats-link.ts';
import { reasonOf } from './reason.ts';
import { DELIVERED } from './sink.ts';
import type { Failed, Outcome } from './sink.ts';

/** Bytes under way: what a connection that nobody reads holds in memory. */
const MAX_UNDER_WAY_BYTES = 8 * 1024 ** 2;

/** Room for our headers in the largest message of the server. */
const HEADER_BYTES = 256;

const BEHIND: Failed = { type: 'unavailable', why: 'an event of its key in front of it failed' };

export interface CallDeps {
  readonly link: Link;
  readonly events: readonly FeedEvent[];
  readonly subjectOf: (event: FeedEvent) => string;
  /** Milliseconds without any answer. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export function publishInOrder(deps: CallDeps): Promise<readonly Outcome[]> {
  const call = new Call(deps);
  return call.run();
}

class Call {
  readonly #deps: CallDeps;
  readonly #outcomes: (Outcome | undefined)[];
  /** Places in the call, by key, of what is not sent yet; the last is the next. */
  readonly #behind = new Map<string, number[]>();
  /** Keys of which the next may go. */
  readonly #ready: string[] = [];
  readonly #tokens = new Map<string, string>();
  readonly #end = Promise.withResolvers<void>();
  #underWayBytes = 0;
  #left: number;
  #timer: NodeJS.Timeout | undefined;
  #why: string | undefined;

  constructor(deps: CallDeps) {
    this.#deps = deps;
    this.#left = deps.events.length;
    this.#outcomes = deps.events.map(() => undefined);
    for (const [at, { key }] of deps.events.entries()) {
      const queue = this.#behind.get(key);
      if (queue === undefined) this.#behind.set(key, [at]);
      else queue.push(at);
    }
    for (const [key, queue] of this.#behind) {
      queue.reverse();
      this.#ready.push(key);
    }
    this.#ready.reverse();
  }

  async run(): Promise<readonly Outcome[]> {
    const { link, signal, timeout } = this.#deps;
    const unwatch = link.watch((why) => this.#stop(why));
    const abort = (): void => this.#stop('the call was called off');
    signal.addEventListener('abort', abort);
    this.#timer = setTimeout(() => this.#stop(`no answer in ${timeout} ms`), timeout);
    this.#send();
    await this.#end.promise;
    clearTimeout(this.#timer);
    signal.removeEventListener('abort', abort);
    unwatch();
    for (const token of this.#tokens.values()) link.forget(token);
    // Answers may still come on a link that was only too slow, but nothing may be sent in front of what waits in it.
    if (this.#why !== undefined && !signal.aborted) link.close();
    const lost: Failed = { type: 'unavailable', why: this.#why ?? 'no answer' };
    return this.#outcomes.map((outcome) => outcome ?? lost);
  }

  #stop(why: string): void {
    this.#why ??= why;
    this.#end.resolve();
  }

  #send(): void {
    while (this.#why === undefined && this.#underWayBytes < MAX_UNDER_WAY_BYTES) {
      const key = this.#ready.pop();
      if (key === undefined) break;
      const at = this.#behind.get(key)?.pop();
      const event = at === undefined ? undefined : this.#deps.events[at];
      if (at !== undefined && event !== undefined) this.#publish(at, event);
    }
    if (this.#left === 0) this.#end.resolve();
  }

  #publish(at: number, event: FeedEvent): void {
    const { link, subjectOf } = this.#deps;
    const data = Buffer.from(event.json);
    if (data.length + HEADER_BYTES > link.maxBytes) {
      this.#settle(at, event.key, { type: 'refused', why: `${data.length} bytes are more than the server takes (max_payload)` });
      return;
    }
    try {
      const message = { subject: subjectOf(event), id: event.envelope.id, data };
      this.#underWayBytes += data.length;
      const token = link.publish(message, (problem) => {
        this.#underWayBytes -= data.length;
        this.#tokens.delete(event.key);
        this.#timer?.refresh();
        this.#settle(at, event.key, problem);
        this.#send();
      });
      this.#tokens.set(event.key, token);
    } catch (cause) {
      this.#stop(reasonOf(cause));
    }
  }

  #settle(at: number, key: string, problem: Failed | undefined): void {
    this.#outcomes[at] = problem ?? DELIVERED;
    this.#left -= 1;
    const behind = this.#behind.get(key) ?? [];
    if (problem === undefined) {
      if (behind.length > 0) this.#ready.push(key);
      return;
    }
    for (const later of behind) this.#outcomes[later] = BEHIND;
    this.#left -= behind.length;
    behind.length = 0;
  }
}
