/**
 * Brings the feed to one sink: in the order of each key, at least once, from where it was after whatever happened. Chat waits for nothing here: the
 * relay reads what is committed, and what it cannot deliver stays in the feed.
 *
 * The place that is kept is that behind which everything is delivered or buried, so that a crash repeats what was under way and loses
 * nothing.
 */
import type { DeadLetter, Feed, Id, Log, MoveSink } from '../core/index.ts';
import { toFeedEvent } from '../feed/index.ts';
import { backoff } from './backoff.ts';
import { sleep } from './sleep.ts';
import type { Failed, Outcome, Sink } from './sink.ts';
import { Window } from './window.ts';
import type { Pending } from './window.ts';

/** Events read and not settled at the most: a sink that hangs costs so much memory and no more. */
const WINDOW_CALLS = 4;
const MIN_WINDOW = 1_000;

/** Events in one page of the feed. */
const PAGE = 500;

/** A place is kept so often while events flow: a crash repeats what was delivered since. Milliseconds. */
const CHECKPOINT_EVERY_MS = 200;

/** Looks that find what another node has committed. Milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** How often it is looked whether everything is delivered before the end. Milliseconds. */
const CLOSING_LOOK_MS = 20;

/** Waiting for the other side, and between two attempts at one event. Milliseconds. */
const OUTAGE = { first: 100, longest: 30_000 };
const REFUSAL = { first: 500, longest: 60_000 };

/** An event that was refused so often is buried: with the waiting in between after about two minutes. */
const MAX_ATTEMPTS = 8;

export interface RelayMeter {
  delivered(sink: string, events: number): void;
  failed(sink: string, type: Failed['type']): void;
  buried(sink: string): void;
  /** Something was forgotten before this sink had it. */
  lost(sink: string): void;
}

export interface RelayState {
  readonly sink: string;
  /** Everything up to here is settled. */
  readonly position: Id;
  /** Events read and not settled. */
  readonly pending: number;
  /** What the sink said last, while nothing gets through. */
  readonly failing?: string;
}

export interface Relay {
  state(): RelayState;
  /** How often an event that is on its way was refused; undefined when it is not. */
  attempts(event: Id): number | undefined;
  /** Resolves when everything up to its end is settled; only of a relay that has one. */
  readonly done: Promise<void>;
  /** Delivers for `grace` milliseconds what there is, as long as the sink takes it; then ends, and keeps its place. */
  close(grace: number): Promise<void>;
}

export interface RelayDeps {
  readonly feed: Feed;
  readonly sink: Sink;
  /** Where to begin. */
  readonly position: Id;
  /** Where to end; absent: never. */
  readonly until?: Id;
  /** Keeps the place and what is buried; may reject, and is then asked again. */
  readonly move: (move: Pick<MoveSink, 'dead'> & { readonly position: Id }) => Promise<unknown>;
  readonly meter: RelayMeter;
  readonly log: Log;
  readonly now?: () => number;
}

export function startRelay(deps: RelayDeps): Relay {
  const relay = new SinkRelay(deps);
  relay.start();
  return relay;
}

class SinkRelay implements Relay {
  readonly #deps: RelayDeps;
  readonly #now: () => number;
  readonly #window = new Window();
  readonly #calls = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #finished = Promise.withResolvers<void>();
  readonly done = this.#finished.promise;
  /** Everything up to here was read. */
  #read: Id;
  /** What is kept, and what will be. */
  #kept: Id;
  #dead: DeadLetter[] = [];
  #reading: Promise<void> | undefined;
  #wake: AbortController | undefined;
  #keeping: Promise<void> | undefined;
  #keptAt = 0;
  /** Calls in a row in which nothing got through. */
  #failures = 0;
  #failing: string | undefined;
  #pausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  /** Nothing is left to be read before the end. */
  #isDrained = false;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
    this.#read = deps.position;
    this.#kept = deps.position;
  }

  start(): void {
    this.#pump();
  }

  state(): RelayState {
    const { name } = this.#deps.sink;
    const failing = this.#failing;
    return {
      sink: name,
      position: this.#position,
      pending: this.#window.size,
      ...(failing !== undefined && { failing }),
    };
  }

  attempts(event: Id): number | undefined {
    return this.#window.attempts(event);
  }

  async close(grace: number): Promise<void> {
    this.#closing = true;
    this.#wake?.abort();
    const end = this.#now() + grace;
    while (this.#now() < end && this.#failing === undefined && (this.#window.size > 0 || this.#reading !== undefined)) {
      await sleep(CLOSING_LOOK_MS, { ref: true });
    }
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#reading;
    await Promise.all(this.#calls);
    await this.#keeping;
    await this.#keep();
  }

  /** Behind the last event of which everything before is settled. */
  get #position(): Id {
    const { oldest } = this.#window;
    return oldest === undefined ? this.#read : oldest.event.place - 1;
  }

  get #windowSize(): number {
    const { batch, lanes } = this.#deps.sink;
    return Math.max(MIN_WINDOW, batch * lanes * WINDOW_CALLS);
  }

  /** Does whatever can be done now; called whenever something has happened. */
  #pump(): void {
    if (this.#stop.signal.aborted) return;
    this.#send();
    if (this.#reading === undefined && this.#window.size < this.#windowSize && !this.#isAtEnd) {
      this.#reading = this.#readMore().finally(() => {
        this.#reading = undefined;
        this.#pump();
      });
    }
    if (this.#keeping === undefined && this.#now() >= this.#keptAt + CHECKPOINT_EVERY_MS) this.#checkpoint();
    this.#schedule();
    if (this.#isAtEnd && this.#window.size === 0) this.#finished.resolve();
  }

  get #isAtEnd(): boolean {
    const { until } = this.#deps;
    return this.#isDrained || (until !== undefined && this.#read >= until);
  }

  #send(): void {
    const { sink } = this.#deps;
    const now = this.#now();
    while (this.#calls.size < sink.lanes && this.#pausedUntil <= now) {
      const taken = this.#window.take(sink.batch, now);
      if (taken.length === 0) return;
      const call = this.#deliver(taken).finally(() => {
        this.#calls.delete(call);
        this.#pump();
      });
      this.#calls.add(call);
    }
  }

  async #deliver(taken: readonly Pending[]): Promise<void> {
    const { sink } = this.#deps;
    const events = taken.map(({ event }) => event);
    const outcomes = await sink.deliver(events, this.#stop.signal).catch((cause: unknown): readonly Outcome[] => {
      this.#deps.log.error({ err: cause, sink: sink.name }, 'a sink broke its word and threw; it is asked again');
      return events.map(() => ({ type: 'unavailable', why: 'it failed' }));
    });
    this.#settle(taken, outcomes);
    this.#window.release(taken);
  }

  #settle(taken: readonly Pending[], outcomes: readonly Outcome[]): void {
    const failed = new Set<string>();
    let delivered = 0;
    let outage: string | undefined;
    for (const [at, pending] of taken.entries()) {
      const outcome = outcomes[at] ?? { type: 'unavailable', why: 'it did not answer' };
      // What stands behind a failed one of its key goes again behind it.
      if (failed.has(pending.event.key)) continue;
      if (outcome.type === 'delivered') {
        this.#window.settle(pending);
        delivered += 1;
        continue;
      }
      failed.add(pending.event.key);
      this.#deps.meter.failed(this.#deps.sink.name, outcome.type);
      if (outcome.type === 'refused') this.#refused(pending, outcome.why);
      else outage = outcome.why;
    }
    if (delivered > 0) this.#deps.meter.delivered(this.#deps.sink.name, delivered);
    this.#note(outage, delivered + (outage === undefined ? failed.size : 0) > 0);
  }

  /** Whether the other side is there at all. */
  #note(outage: string | undefined, hasAnswered: boolean): void {
    const { log, sink } = this.#deps;
    if (hasAnswered) {
      if (this.#failing !== undefined) log.info({ sink: sink.name }, 'events are delivered again');
      this.#failures = 0;
      this.#failing = undefined;
    }
    if (outage === undefined || this.#stop.signal.aborted) return;
    this.#failures += 1;
    if (this.#failing === undefined)
      log.warn({ sink: sink.name, why: outage }, 'events cannot be delivered; they wait in the feed');
    this.#failing = outage;
    this.#pausedUntil = this.#now() + backoff(this.#failures, OUTAGE);
  }

  #refused(pending: Pending, why: string): void {
    const { log, meter, sink } = this.#deps;
    const { place, envelope } = pending.event;
    pending.attempts += 1;
    if (pending.attempts < MAX_ATTEMPTS) {
      this.#window.hold(pending, this.#now() + backoff(pending.attempts, REFUSAL));
      return;
    }
    log.error(
      { sink: sink.name, event: place, name: envelope.name, why },
      'an event was refused for good and is kept as a dead letter',
    );
    meter.buried(sink.name);
    this.#dead.push({ sink: sink.name, event: place, attempts: pending.attempts, error: why, at: this.#now() });
    this.#window.settle(pending);
  }

  async #readMore(): Promise<void> {
    const { feed, sink, until = Number.MAX_SAFE_INTEGER, log } = this.#deps;
    const wake = new AbortController();
    this.#wake = wake;
    const committed = feed.committed(wake.signal);
    try {
      const page = await feed.read(this.#read, PAGE);
      if (page.cut) this.#lost();
      for (const fact of page.facts) {
        if (fact.event.id > until) break;
        const event = toFeedEvent(fact);
        if (sink.wants(event)) this.#window.add(event);
      }
      this.#read = Math.min(Math.max(this.#read, page.next), until);
      if (page.facts.length === 0 && until !== Number.MAX_SAFE_INTEGER) this.#read = until;
      if (page.facts.length > 0) return;
      this.#isDrained = this.#closing;
      await Promise.race([committed, sleep(LOOK_EVERY_MS, { signal: wake.signal })]);
    } catch (cause) {
      log.error({ err: cause, sink: sink.name }, 'the feed could not be read; it will be tried again');
      await sleep(LOOK_EVERY_MS, { signal: this.#stop.signal });
    } finally {
      wake.abort();
    }
  }

  #lost(): void {
    const { log, meter, sink } = this.#deps;
    meter.lost(sink.name);
    log.error(
      { sink: sink.name, after: this.#read },
      'events were forgotten before this sink had them (events-retention): it was away too long',
    );
  }

  #checkpoint(): void {
    this.#keeping = this.#keep().finally(() => {
      this.#keeping = undefined;
    });
  }

  async #keep(): Promise<void> {
    const position = this.#position;
    const dead = this.#dead;
    this.#keptAt = this.#now();
    if (position <= this.#kept && dead.length === 0) return;
    this.#dead = [];
    try {
      await this.#deps.move({ position, dead });
      this.#kept = Math.max(this.#kept, position);
    } catch (cause) {
      this.#dead = [...dead, ...this.#dead];
      this.#deps.log.warn(
        { err: cause, sink: this.#deps.sink.name },
        'how far a sink has come could not be stored; it will be tried again',
      );
    }
  }

  /** Comes back when something held may go on, or a place is to be kept. */
  #schedule(): void {
    clearTimeout(this.#timer);
    const now = this.#now();
    const wakes = [this.#window.nextWake(now)];
    if (this.#pausedUntil > now) wakes.push(this.#pausedUntil);
    if (this.#position > this.#kept || this.#dead.length > 0) wakes.push(Math.max(now + 1, this.#keptAt + CHECKPOINT_EVERY_MS));
    const next = Math.min(...wakes);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, next - now));
    this.#timer.unref();
  }
}
