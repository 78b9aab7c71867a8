/** The messenger door (seed 002, wire.md section 3): its REST API. */
import type { Door } from '../door.ts';
import { createMessengerApi } from './rest.ts';

const NAME = 'messenger';

export function createMessengerDoor(): Door {
  return {
    name: NAME,
    attach({ api }) {
      api.register(createMessengerApi({ door: NAME }));
    },
  };
}
