/** What live sessions are told of a committed operation. Called by the committer in commit order; nothing else announces stored facts. */
import type { ChatChange, Scene } from './desk/model.ts';
import type { Delivery } from './events.ts';
import type { Conversation, Id, Membership } from './model.ts';
import { tellsEverybody } from './policy.ts';
import type { Change, ChatMembers, CursorMove, Operation, Success } from './ports.ts';

/** The deliveries of one committed operation, in the order they are to be heard. */
export function deliveriesOf(operation: Operation, outcome: Success, smallGroup: number): readonly Delivery[] {
  const from = 'origin' in operation ? operation.origin.session : 0;
  switch (outcome.type) {
    case 'append': {
      if (outcome.duplicate) return [];
      const { conversation, message } = outcome;
      const { senderName = '', senderDisplayName, key } = operation.type === 'append' ? operation : {};
      const named = { senderName, ...(senderDisplayName !== undefined && { senderDisplayName }) };
      const sent: Delivery = { type: 'message', conversation, message, ...named, from, ...toldOf(outcome, operation) };
      const own = sent.scene === undefined || key === undefined ? sent : { ...sent, key };
      const news = chatNews(outcome.chat, from);
      return outcome.created ? [{ type: 'conversation', change: 'created', conversation }, own] : [own, ...news];
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
      return membersOf(outcome);
    case 'block':
    case 'user':
    case 'revoke':
    case 'restrict':
    case 'lift':
    case 'audit':
    case 'trim-audit':
    case 'api-token':
    case 'api-token-delete':
    case 'trim':
    case 'pass-over':
    case 'forget-events':
    case 'fact':
    case 'sink':
    case 'drop-dead':
    case 'trim-feed':
    case 'erase-user':
    case 'expect-blobs':
    case 'file':
    case 'drop-files':
    case 'forget-blobs':
      return [];
    case 'chat-open':
      return [
        ...(outcome.created ? created(outcome) : []),
        ...membersOf(outcome.membersChanged),
        ...chatNews(outcome.change, from),
      ];
    case 'chat': {
      const note: Delivery[] = outcome.note === undefined ? [] : [{ type: 'message', senderName: '', from, ...outcome.note }];
      return [...membersOf(outcome.membersChanged), ...chatNews(outcome.change, from), ...note];
    }
    case 'identify':
      return outcome.changes.flatMap(({ change, members }) => [...membersOf(members), ...chatNews(change, from)]);
    case 'desk-setting':
    case 'desk-setting-delete':
      return [];
  }
}

/** What the desk's sessions are told with a message or its change. */
function toldOf(
  { scene }: { readonly scene?: Scene },
  operation: Operation,
): { readonly scene?: Scene; readonly widget?: string } {
  if (scene === undefined) return {};
  const widget = 'widget' in operation ? operation.widget : undefined;
  return { scene, ...(widget !== undefined && { widget }) };
}

function membersOf(changed: ChatMembers | undefined): Delivery[] {
  if (changed === undefined || changed.memberships.length + changed.removed.length === 0) return [];
  return [{ type: 'members', conversation: changed.conversation, added: changed.memberships, removed: changed.removed }];
}

function created({
  conversation,
  members,
}: {
  readonly conversation: Conversation;
  readonly members: readonly Membership[];
}): Delivery[] {
  return [
    { type: 'conversation', change: 'created', conversation },
    { type: 'members', conversation, added: members, removed: [] },
  ];
}

/** That a chat has changed, to those in it and to the operators who see it. Counts are told apart (desk/tally.ts). */
function chatNews(change: ChatChange | undefined, from: Id): Delivery[] {
  if (change === undefined || change.cause === 'unread') return [];
  const { conversation, scene, cause } = change;
  const by = scene.sender?.id ?? 0;
  const news = { kind: 'chat' as const, conversation, scene, cause, by };
  return [{ type: 'desk', namespace: conversation.namespace, news, to: { conversation, desk: true }, from }];
}

function changes(list: readonly Change[], change: 'edited' | 'recalled' | 'expired', operation: Operation, from: Id): Delivery[] {
  const user = 'user' in operation ? operation.user : 0;
  return list
    .filter(({ changed }) => changed)
    .map((one) => {
      const { id, conversation, message } = one;
      return { type: 'change', id, change, conversation, message, user, from, ...toldOf(one, operation) };
    });
}

/**
 * A moved cursor, as far as anybody is told: both users of a private conversation and the members of small groups; in larger groups,
 * channels and rooms only the reader's own devices (wire.md section 1, READ).
 */
function cursorMoves(moves: readonly CursorMove[], smallGroup: number, from: Id): Delivery[] {
  return moves
    .filter(({ moved }) => moved)
    .map(({ cursor, id, conversation, membership, message, members, scene, covered }) => ({
      type: cursor,
      id,
      conversation,
      user: membership.user,
      index: covered?.index ?? (cursor === 'read' ? membership.readIndex : membership.deliveredIndex),
      message: covered?.id ?? message,
      everybody: tellsEverybody(conversation.kind, members, smallGroup),
      from,
      ...(scene && { scene }),
      ...(covered && { covered }),
    }));
}
