/**
 * How long a connection is put up with that asks for what leads to nothing: events that are refused or that nobody knows, other namespaces,
 * packets of the carrier that nobody waits for. Each is little work, but without an end they would be all that the server does.
 */
import type { Millis } from '../../core/index.ts';

/** Such packets of one connection in a window: a client with a fault sends some, and is told of each; a flood sends as many in a moment. */
export const MAX_FRUITLESS = 1_000;

const WINDOW: Millis = 10_000;

export interface Patience {
  /** One more packet led to nothing. */
  tried(): void;
}

/** `lost` is called once, with the first packet beyond the limit. */
export function createPatience(deps: { now: () => Millis; lost: () => void }): Patience {
  const { now, lost } = deps;
  let count = 0;
  let since = now();
  let isLost = false;
  return {
    tried() {
      if (isLost) return;
      const time = now();
      if (time - since >= WINDOW) {
        since = time;
        count = 0;
      }
      count += 1;
      if (count <= MAX_FRUITLESS) return;
      isLost = true;
      lost();
    },
  };
}
