import { expect, test } from 'vitest';
import { createLocalBus } from '../../src/buses/local.ts';
import type { Delivery } from '../../src/core/index.ts';
import { busContract } from './bus.contract.ts';

busContract('The local bus', { nodes: () => Promise.resolve([createLocalBus()]), sizes: [1] });

test('the local bus delivers before publishing returns', () => {
  const bus = createLocalBus();
  const heard: Delivery[] = [];
  bus.subscribe((delivery) => heard.push(delivery));
  const presence: Delivery = { type: 'presence', namespace: 'default', user: 1, online: true, lastSeenAt: 0, conversations: [] };
  bus.publish(presence);
  expect(heard).toEqual([presence]);
});
