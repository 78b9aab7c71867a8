/** What live sessions are told of a committed operation. Called by the committer in commit order; nothing else announces stored facts. */
import type { Delivery } from './events.ts';
import type { Id } from './model.ts';
import { tellsEverybody } from './policy.ts';
import type { Change, CursorMove, Operation, Success } from './ports.ts';

/** The deliveries of one committed operation, in the order they are to be heard. */
export function deliveriesOf(operation: Operation, outcome: Success, smallGroup: number): readonly Delivery[] {
  const from = 'origin' in operation ? operation.origin.session : 0;
  switch (outcome.type) {
    case 'append': {
      if (outcome.duplicate) return [];
      const { conversation, message } = outcome;
      const { senderName = '', senderDisplayName } = operation.type === 'append' ? operation : {};
      const named = { senderName, ...(senderDisplayName !== undefined && { senderDisplayName }) };
      const sent: Delivery = { type: 'message', conversation, message, ...named, from };
      return outcome.created ? [{ type: 'conversation', change: 'created', conversation }, sent] : [sent];
    }
    case 'edit':
      return changes([outcome], 'edited', operation, from);
    case 'recall':
      return changes([outcome], 'recalled', operation, from);
    case 'expire':
      return changes(outcome.changes, 'expired', operation, from);
    case 'erase-some':
      return changes(outcome.changes, 'recalled', operation, from);
    case 'cursor':
      return cursorMoves([outcome], smallGroup, from);
    case 'deliver':
      return cursorMoves(outcome.moves, smallGroup, from);
    case 'create':
      return [
        { type: 'conversation', change: 'created', conversation: outcome.conversation },
        { type: 'members', conversation: outcome.conversation, added: outcome.members, removed: [] },
      ];
    case 'open':
      return outcome.created ? [{ type: 'conversation', change: 'created', conversation: outcome.conversation }] : [];
    case 'update':
      return [{ type: 'conversation', change: 'changed', conversation: outcome.conversation }];
    case 'delete':
      return [{ type: 'conversation', change: 'deleted', conversation: outcome.conversation }];
    case 'members':
      if (outcome.memberships.length + outcome.removed.length === 0) return [];
      return [{ type: 'members', conversation: outcome.conversation, added: outcome.memberships, removed: outcome.removed }];
    case 'block':
    case 'user':
    case 'revoke':
    case 'api-token':
    case 'api-token-delete':
    case 'trim':
    case 'pass-over':
    case 'forget-events':
    case 'erase-user':
    case 'expect-blobs':
    case 'file':
    case 'drop-files':
    case 'forget-blobs':
      return [];
  }
}

function changes(list: readonly Change[], change: 'edited' | 'recalled' | 'expired', operation: Operation, from: Id): Delivery[] {
  const user = 'user' in operation ? operation.user : 0;
  return list
    .filter(({ changed }) => changed)
    .map(({ id, conversation, message }) => ({ type: 'change', id, change, conversation, message, user, from }));
}

/**
 * A moved cursor, as far as anybody is told: both users of a private conversation and the members of small groups; in larger groups,
 * channels and rooms only the reader's own devices (wire.md section 1, READ).
 */
function cursorMoves(moves: readonly CursorMove[], smallGroup: number, from: Id): Delivery[] {
  return moves
    .filter(({ moved }) => moved)
    .map(({ cursor, id, conversation, membership, message, members }) => ({
      type: cursor,
      id,
      conversation,
      user: membership.user,
      index: cursor === 'read' ? membership.readIndex : membership.deliveredIndex,
      message,
      everybody: tellsEverybody(conversation.kind, members, smallGroup),
      from,
    }));
}
