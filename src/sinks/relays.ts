/** The relays of all sinks of a server, and what administrators can do with them. */
import { ChatError } from '../core/index.ts';
import type { Chat, EventRelays, Id, Log, MoveSink } from '../core/index.ts';
import { toFeedEvent } from '../feed/index.ts';
import { startRelay } from './relay.ts';
import type { Relay, RelayMeter } from './relay.ts';
import type { Sink } from './sink.ts';
import { sleep } from './sleep.ts';

/** A sink that takes nothing for so long does not take part in a replay. Milliseconds. */
const REPLAY_PATIENCE_MS = 20_000;

/** Events looked at in one step of a replay. */
const PAGE = 500;

export interface Relays extends EventRelays {
  /** Delivers what there is, as long as the sinks take it and `grace` milliseconds at the most. */
  close(grace: number): Promise<void>;
}

interface Running {
  readonly sink: Sink;
  readonly relay: Relay;
}

/** Begins where each sink was; one that is new gets what is committed from now on. */
export async function startRelays(deps: {
  chat: Pick<Chat, 'feed' | 'core'>;
  sinks: readonly Sink[];
  meter: RelayMeter;
  log: Log;
}): Promise<Relays> {
  const { chat, sinks, meter, log } = deps;
  const { feed } = chat;
  const { committer, store } = chat.core;
  const running = new Map<string, Running>();

  async function move(sink: string, { position, dead }: Pick<MoveSink, 'position' | 'dead'>): Promise<Id> {
    const moved = await committer.commit({ type: 'sink', sink, position, dead });
    return moved === 'stale' ? 0 : moved.position;
  }

  for (const sink of sinks) {
    const position = await move(sink.name, { position: 'newest', dead: [] });
    const relay = startRelay({ feed, sink, position, move: (moved) => move(sink.name, moved), meter, log });
    running.set(sink.name, { sink, relay });
  }

  function find(name: string): Running {
    const found = running.get(name);
    if (found !== undefined) return found;
    const names = [...running.keys()].join(', ');
    throw new ChatError(
      'not_found',
      names === '' ? 'No sink is configured.' : `There is no sink of this name. There are: ${names}.`,
    );
  }

  /** The place of the last event of a range, `limit` events of it at the most. */
  async function endOf(after: Id, until: Id, limit: number): Promise<{ end: Id; more: boolean }> {
    let end = after;
    for (let left = limit; left > 0;) {
      const events = await store.events(end, Math.min(PAGE, left));
      const inside = events.filter(({ id }) => id <= until);
      end = inside.at(-1)?.id ?? end;
      left -= inside.length;
      if (inside.length < Math.min(PAGE, left + inside.length)) return { end, more: false };
    }
    const [next] = await store.events(end, 1);
    return { end, more: next !== undefined && next.id <= until };
  }

  return {
    states: () => [...running.values()].map(({ relay }) => relay.state()),
    attempts: (sink, event) => running.get(sink)?.relay.attempts(event),
    async replay(name, { after, until, limit }) {
      const { sink } = find(name);
      const from = Math.max(after, await store.feedFloor());
      const { end, more } = await endOf(from, until, limit);
      let delivered = 0;
      const counting = {
        ...meter,
        delivered: (of: string, events: number) => {
          delivered += events;
          meter.delivered(of, events);
        },
      };
      // The sink's own place stays where it is; only what is refused for good is kept.
      const keep = ({ dead }: Pick<MoveSink, 'dead'>): Promise<unknown> =>
        dead.length === 0 ? Promise.resolve() : move(name, { position: 0, dead });
      const relay = startRelay({ feed, sink, position: from, until: end, move: keep, meter: counting, log });
      const patience = new AbortController();
      const done = await Promise.race([
        relay.done.then(() => true),
        sleep(REPLAY_PATIENCE_MS, { signal: patience.signal }).then(() => false),
      ]);
      patience.abort();
      const { failing, position } = relay.state();
      await relay.close(0);
      if (!done && delivered === 0)
        throw new ChatError('unavailable', `The sink takes no events: ${failing ?? 'it is too slow'}.`);
      return { delivered, next: done ? end : position, more: more || !done };
    },
    async retry(name, events) {
      const { sink } = find(name);
      const delivered: Id[] = [];
      for (const id of events) {
        const { facts } = await feed.read(id - 1, 1);
        const [fact] = facts;
        if (fact?.event.id !== id) continue;
        const [outcome] = await sink.deliver([toFeedEvent(fact)], AbortSignal.timeout(REPLAY_PATIENCE_MS));
        if (outcome?.type === 'delivered') delivered.push(id);
        else if (outcome?.type === 'unavailable') break;
      }
      if (delivered.length > 0) await committer.commit({ type: 'drop-dead', sink: name, events: delivered });
      return delivered.length;
    },
    async close(grace) {
      await Promise.all([...running.values()].map(({ relay }) => relay.close(grace)));
      await committer.idle();
      await Promise.all([...running.values()].map(({ sink }) => sink.close()));
    },
  };
}
