/** The bus of a single node: a delivery reaches the hub at once, in the order of publishing. */
import type { Bus, Delivery } from '../core/index.ts';

export function createLocalBus(): Bus {
  const receivers: ((delivery: Delivery) => void)[] = [];
  return {
    publish(delivery) {
      for (const receive of receivers) receive(delivery);
    },
    subscribe(receive) {
      receivers.push(receive);
    },
    close: () => Promise.resolve(),
  };
}
