/** The message stream door under the contract of doors, over each of its carriers. */
import { CARRIERS } from '../support/clients/carriers.ts';
import type { Carrier } from '../support/clients/carriers.ts';
import { Category, Type } from '../support/clients/stream-frame.ts';
import type { PostJson } from '../support/clients/stream-frame.ts';
import { Refused, StreamPeer, markPost, textPost } from '../support/stream-peer.ts';
import { SendRefused, doorContract } from './door.contract.ts';
import type { DoorClient, Heard, Refusal, To } from './door.contract.ts';

/** gRPC codes of refused posts. */
const REASONS: Readonly<Record<number, Refusal>> = { 3: 'invalid', 5: 'missing', 7: 'denied', 8: 'too_fast' };

function toRefusal(error: unknown): unknown {
  if (!(error instanceof Refused)) return error;
  const { code = 0, message = '' } = error.answer.errors?.[0] ?? {};
  const reason = REASONS[code];
  return reason === undefined ? error : new SendRefused(reason, message);
}

function toHeard({ type, postmark, text }: PostJson): Heard {
  const kind = type === Type.RECALL ? 'recall' : type === Type.READ ? 'read' : 'message';
  return { kind, id: postmark.unique_id ?? '', user: Number(postmark.sender), ...(text && { text: text.content }) };
}

function toClient(peer: StreamPeer): DoorClient {
  const deliver = async (post: PostJson, sn?: string): Promise<string> => {
    const mark = await peer.deliver(post, sn).catch((error: unknown) => {
      throw toRefusal(error);
    });
    return mark.unique_id ?? '';
  };
  return {
    send: (to, text, key) => deliver(textPost(to, peer.user, text), key),
    recall: async (to, id) => void (await deliver(markPost(Type.RECALL, to, peer.user, id))),
    read: async (to, id) => void (await deliver(markPost(Type.READ, to, peer.user, id))),
    next: async () => toHeard(await peer.nextPush()),
    get waiting() {
      return peer.pushes.size;
    },
    async sync(to, after) {
      const category = 'peer' in to ? Category.PRIVATE : Category.GROUP;
      const { posts } = await peer.sync([{ category, ...(after !== undefined && { last_id: after }) }], targetOf(to));
      return posts.map(toHeard);
    },
    settled: () => peer.settled(),
    ended: peer.ended,
    close: () => peer.close(),
    drop: () => peer.drop(),
  };
}

const targetOf = (to: To): number => ('peer' in to ? to.peer : to.group);

function underTest(carrier: Carrier): Parameters<typeof doorContract>[0] {
  return {
    name: `the message stream over ${carrier.name}`,
    // The reason of a refusal is an extension.
    connect: async (server, user) => toClient(await StreamPeer.connect(carrier, server, user, { extensions: true })),
  };
}

for (const carrier of CARRIERS) doorContract(underTest(carrier));
