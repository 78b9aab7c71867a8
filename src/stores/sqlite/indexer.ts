/** Keeps the search index up beside the work of the server: a little at a time, and never more than a part of the writer's time. */
import type { Search } from './search.ts';

/** How soon after a quiet time new messages are indexed: until then a search reads them from the log. Milliseconds. */
const LOOK_EVERY_MS = 500;

/** In one transaction: a few milliseconds, which the commits in line behind it wait. */
const AT_ONCE = { messages: 256, terms: 1_000 };

/** The writer is left alone this many times as long as a transaction took: while others commit, indexing has a twentieth of its time; else half. */
const REST = { underLoad: 19, alone: 1 };

export interface Indexer {
  /** Resolves when nothing of it is under way; what is not indexed will be after the next start. */
  close(): Promise<void>;
}

export function startIndexer(deps: {
  search: Pick<Search, 'indexSome' | 'isBehind'>;
  /** Runs work in a transaction, in line with the commits. */
  write: <T>(work: () => T) => Promise<T>;
  /** How many batches have been committed so far. */
  commits: () => number;
}): Indexer {
  const { search, write, commits } = deps;
  let commitsBefore = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let underWay: Promise<void> = Promise.resolve();

  async function indexSome(): Promise<number> {
    if (!search.isBehind()) return LOOK_EVERY_MS;
    let took = 0;
    const more = await write(() => {
      const startedAt = performance.now();
      const left = search.indexSome(AT_ONCE);
      took = performance.now() - startedAt;
      return left;
    });
    const alone = commits() === commitsBefore;
    commitsBefore = commits();
    if (!more) return LOOK_EVERY_MS;
    return took * (alone ? REST.alone : REST.underLoad);
  }

  function schedule(wait: number): void {
    if (closed) return;
    timer = setTimeout(() => {
      underWay = indexSome().then(schedule, () => schedule(LOOK_EVERY_MS));
    }, wait);
    timer.unref();
  }

  schedule(LOOK_EVERY_MS);
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}
