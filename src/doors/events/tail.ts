/**
 * The feed as server-sent events (WHATWG HTML, section 9.2): `id` is the place, so that a browser's EventSource comes back where it was
 * (`Last-Event-ID`).
 */
import type { ServerResponse } from 'node:http';
import { ChatError } from '../../core/index.ts';
import type { Chat } from '../../core/index.ts';
import { readPage } from './pages.ts';
import type { Wanted } from './pages.ts';

/** Followers at a time: each reads the feed for itself. */
const MAX_TAILS = 32;

/** A line that says nothing, so that proxies keep the connection, and the look for what other nodes have committed. Milliseconds. */
const ALIVE_EVERY_MS = 15_000;

/** A follower that takes nothing for so long is gone. Milliseconds. */
const PATIENCE_MS = 30_000;

/** Events of one step. */
const STEP = 100;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // For proxies that would gather it.
  'x-accel-buffering': 'no',
};

export function createTails(chat: Chat) {
  let open = 0;

  /** Takes the response over and tells until the follower goes, or the server. */
  async function follow(response: ServerResponse, wanted: Omit<Wanted, 'limit'>): Promise<void> {
    open += 1;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const over = AbortSignal.any([gone.signal, chat.feed.ended]);
    response.writeHead(200, HEADERS);
    response.write(': the feed\n\n');
    let { after } = wanted;
    try {
      while (!over.aborted) {
        // From before the reading: what is committed meanwhile wakes it.
        const wait = new AbortController();
        const news = chat.feed.committed(AbortSignal.any([over, wait.signal, AbortSignal.timeout(ALIVE_EVERY_MS)]));
        const page = await readPage(chat, { ...wanted, after, limit: STEP });
        if (page.cut) await write(response, 'event: cut\ndata: {}\n\n', over);
        for (const { place, envelope, json } of page.events) {
          await write(response, `id: ${place}\nevent: ${envelope.name}\ndata: ${json}\n\n`, over);
        }
        after = page.next;
        if (page.more || page.events.length > 0) {
          wait.abort();
          continue;
        }
        await news;
        if (!over.aborted) await write(response, ': alive\n\n', over);
      }
    } finally {
      open -= 1;
      response.end();
    }
  }

  return {
    /** Refuses one follower too many. */
    check(): void {
      if (open < MAX_TAILS) return;
      throw new ChatError('rate_limited', `At most ${MAX_TAILS} may follow the feed at a time.`, { retryAfter: ALIVE_EVERY_MS });
    },
    follow,
  };
}

/** Waits for a slow follower, and cuts off one that does not read. */
async function write(response: ServerResponse, text: string, over: AbortSignal): Promise<void> {
  if (over.aborted || response.write(text)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => response.destroy(), PATIENCE_MS);
  response.once('drain', resolve);
  over.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  response.off('drain', resolve);
}
