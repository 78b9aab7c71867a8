/** Lists of the management interface that come in pages: `next` of one asks for the following. */
import { field } from './client.ts';
import type { Client } from './client.ts';

/** The entries of a list, page after page; whoever has seen enough stops reading. `place` is the parameter that takes `next`. */
export async function* entriesOf(client: Client, path: string, name: string, place: 'after' | 'before'): AsyncGenerator {
  for (let query = ''; ;) {
    const page = await client.request('GET', path + query);
    const entries = field(page, name);
    if (Array.isArray(entries)) yield* entries;
    const next = field(page, 'next');
    if (typeof next !== 'string') return;
    query = `?${place}=${encodeURIComponent(next)}`;
  }
}
