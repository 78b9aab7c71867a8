/**
 * What a node does with a delivery from the bus: keeps its hub's audiences as membership says, then lets the sessions hear it.
 * Runs on every node, for its own and for other nodes' deliveries alike.
 */
import type { Delivery, MembersDelivery } from './events.ts';
import type { Hub } from './hub.ts';
import { selectSessions } from './audience.ts';

/** Users of one conversation told of another's presence at most: beyond it a conversation is a crowd, not acquaintances. */
const MAX_PRESENCE_AUDIENCE = 500;

export function createReceiver(deps: { hub: Hub }): (delivery: Delivery) => void {
  const { hub } = deps;

  /** Sessions that were in a support chat for their user's membership are in it no longer; operators see chats without one (desk/parts.ts). */
  function putOut(delivery: MembersDelivery): void {
    const { conversation, removed } = delivery;
    const inside = hub.insideOf(conversation.id);
    const gone = inside.filter(({ actor }) => actor.role !== 'operator' && removed.includes(actor.user));
    hub.deliverToSessions(delivery, gone);
    for (const session of gone) hub.exit(conversation.id, session);
  }

  return (delivery) => {
    switch (delivery.type) {
      case 'conversation':
        if (delivery.change === 'created')
          for (const user of delivery.conversation.peers ?? []) hub.join(delivery.conversation, user);
        hub.deliver(delivery);
        if (delivery.change === 'deleted') hub.drop(delivery.conversation.id);
        return;
      case 'members': {
        const { conversation } = delivery;
        hub.deliverTo(delivery, conversation.namespace, delivery.removed);
        for (const user of delivery.removed) hub.leave(conversation, user);
        if (conversation.kind === 'support') putOut(delivery);
        const entered = delivery.added.map(({ user }) => user).filter((user) => hub.join(conversation, user));
        hub.deliver(entered.length === 0 ? delivery : { ...delivery, entered });
        return;
      }
      case 'read':
      case 'delivered':
        if (delivery.everybody) hub.deliver(delivery);
        else hub.deliverTo(delivery, delivery.conversation.namespace, [delivery.user]);
        return;
      case 'presence':
        hub.deliverTo(
          delivery,
          delivery.namespace,
          hub.acquaintances(delivery.conversations, delivery.user, MAX_PRESENCE_AUDIENCE),
        );
        return;
      case 'notice':
        hub.deliverToSessions(delivery, selectSessions(hub, delivery.namespace, delivery.audience));
        return;
      case 'typing':
        if (delivery.text === undefined) hub.deliver(delivery);
        else hub.deliverTyped(delivery);
        return;
      case 'message':
      case 'change':
      case 'desk':
        hub.deliver(delivery);
    }
  };
}
