/** What every bus must do: `Bus` in src/core/ports.ts. A bus's test file says how its nodes are made and calls this. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Bus, Conversation, Delivery, Id } from '../../src/core/index.ts';

export interface BusSubject {
  /** Buses of so many nodes of one cluster, each ready to be subscribed. */
  readonly nodes: (count: number) => Promise<readonly Bus[]>;
  /** How many nodes it connects: 1 where it is of one node alone. */
  readonly sizes: readonly number[];
}

function conversation(id: Id): Conversation {
  return {
    id,
    namespace: 'default',
    kind: 'group',
    name: 'Ours 🎉',
    notice: '',
    creator: 1,
    createdAt: 1_767_225_600_000,
    version: 1,
  };
}

function message(at: Id, index: number): Delivery {
  const sent = {
    id: index,
    conversation: at,
    index,
    sender: 1,
    state: 'sent',
    sentAt: 5,
    content: { kind: 'text', text: `${index}` },
  } as const;
  return { type: 'message', senderName: '', conversation: conversation(at), message: sent, from: 7 };
}

/** One delivery of every type, with everything that may be absent once there and once not. */
const SAMPLES: readonly Delivery[] = [
  message(10, 1),
  {
    type: 'change',
    id: 9,
    change: 'recalled',
    conversation: { ...conversation(10), peers: [1, 2] },
    message: { id: 5, conversation: 10, index: 1, sender: 1, state: 'recalled', sentAt: 5 },
    user: 1,
    from: 0,
  },
  {
    type: 'read',
    id: 9,
    conversation: conversation(10),
    user: 1,
    index: 3,
    message: 5,
    everybody: true,
    from: Number.MAX_SAFE_INTEGER,
  },
  { type: 'delivered', id: 9, conversation: conversation(10), user: 1, index: 3, message: 5, everybody: false, from: 0 },
  { type: 'typing', conversation: conversation(10), user: 1, name: 'Ada', active: true, from: 7 },
  { type: 'presence', namespace: 'default', user: 1, online: false, lastSeenAt: 5, conversations: [10, 11] },
  { type: 'conversation', change: 'created', conversation: conversation(10) },
  {
    type: 'members',
    conversation: conversation(10),
    added: [{ conversation: 10, user: 2, role: 'admin', joinedAt: 5, deliveredIndex: 0, readIndex: 0 }],
    removed: [3],
  },
  {
    type: 'notice',
    namespace: 'default',
    id: 9,
    message: 0,
    kind: 'private',
    sender: 1,
    receiver: 2,
    content: { kind: 'location', location: { latitude: 1.5, longitude: -2 } },
    at: 5,
    audience: { tag: 'user:1', prefixed: false },
  },
];

async function started(subject: BusSubject, count: number) {
  const buses = await subject.nodes(count);
  onTestFinished(async () => {
    for (const bus of buses) await bus.close();
  });
  const heard = buses.map((bus) => {
    const list: Delivery[] = [];
    bus.subscribe((delivery) => list.push(delivery));
    return list;
  });
  return { buses, heard };
}

export function busContract(name: string, subject: BusSubject): void {
  describe.each(subject.sizes)(`${name} of %i: the bus contract`, (count) => {
    test('what one node publishes all hear, itself too, once and as it is', async () => {
      const { buses, heard } = await started(subject, count);
      for (const bus of buses) for (const delivery of SAMPLES) bus.publish(delivery);
      await vi.waitFor(() => expect(heard.map((list) => list.length)).toEqual(buses.map(() => buses.length * SAMPLES.length)));
      for (const list of heard)
        for (const delivery of SAMPLES)
          expect(list.filter(({ type }) => type === delivery.type)).toEqual(buses.map(() => delivery));
    });

    test('each conversation is heard in the order of publishing, by every subscriber', async () => {
      const { buses, heard } = await started(subject, count);
      const second: Delivery[] = [];
      buses[0]?.subscribe((delivery) => second.push(delivery));
      const each = 300;
      for (let index = 1; index <= each; index += 1)
        for (const [at, bus] of buses.entries()) bus.publish(message(10 + at, index));
      await vi.waitFor(() =>
        expect([...heard, second].map((list) => list.length)).toEqual([...heard, second].map(() => each * buses.length)),
      );
      for (const list of [...heard, second]) {
        for (const at of buses.keys()) {
          const indexes = list.flatMap((delivery) =>
            delivery.type === 'message' && delivery.conversation.id === 10 + at ? [delivery.message.index] : [],
          );
          expect(indexes).toEqual(Array.from({ length: each }, (_, place) => place + 1));
        }
      }
    });

    test('what nobody has subscribed to goes nowhere', async () => {
      const buses = await subject.nodes(count);
      for (const bus of buses) bus.publish(message(10, 1));
      const heard: Delivery[] = [];
      for (const bus of buses) bus.subscribe((delivery) => heard.push(delivery));
      const [first] = buses;
      first?.publish(message(10, 2));
      await vi.waitFor(() => expect(heard).toHaveLength(buses.length));
      expect(heard).toEqual(buses.map(() => message(10, 2)));
      for (const bus of buses) await bus.close();
    });
  });
}
