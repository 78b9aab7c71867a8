/** The events door: the feed, its sinks and the way of a message under `/api`, for back ends (docs/protocols/events.md). */
import type { EventRelays } from '../../core/index.ts';
import type { Door } from '../door.ts';
import { CHANNELS } from './channels.ts';
import { registerFeed } from './feed.ts';
import { registerSinks } from './sinks.ts';
import { registerTrace } from './trace.ts';
import { COMPONENTS } from './wire.ts';

const NAME = 'events';

const TAGS = { events: 'What happened, for other systems; where it goes; where a message is.' };

export function createEventsDoor({ relays }: { relays: EventRelays }): Door {
  return {
    name: NAME,
    attach({ api }) {
      api.register({
        door: NAME,
        tags: TAGS,
        components: COMPONENTS,
        channels: CHANNELS,
        routes(http, deps) {
          registerFeed(http, deps);
          registerSinks(http, { ...deps, relays });
          registerTrace(http, { ...deps, relays });
        },
      });
    },
  };
}
