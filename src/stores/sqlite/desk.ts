/** What happens to support chats. Every function runs inside the batch's transaction and checks there what was decided from memory. */
import { ChatError, timeOfId, uuidOf } from '../../core/index.ts';
import type {
  Appended,
  AppendMessage,
  ChangeChat,
  ChatCause,
  ChatChange,
  ChatStep,
  Conversation,
  EventType,
  IdSource,
  IdentifyClient,
  MembersChanged,
  Message,
  OpenChat,
  Origin,
  Outcome,
  Scene,
} from '../../core/index.ts';
import type { Asides } from './asides.ts';
import type { Conversations } from './conversations.ts';
import type { DeskChats, KeptChat } from './desk-chats.ts';
import { sameSort } from './desk-chats.ts';
import { WAITING, afterMessage, afterStep, supplied } from './desk-steps.ts';
import type { Feed } from './feed.ts';
import type { Handover } from './handover.ts';
import type { Namespaces } from './namespaces.ts';
import type { Sequence, Sequences } from './sequences.ts';
import type { Visitors } from './visitors.ts';

export interface Desk {
  open(operation: OpenChat): Outcome;
  change(operation: ChangeChat): Outcome;
  identify(operation: IdentifyClient): Outcome;
  /** A message was stored in a chat or an aside: what it does to the chat. */
  messageStored(
    sequence: Sequence,
    message: Message,
    by: Pick<AppendMessage, 'origin' | 'staff'>,
  ): Pick<Appended, 'scene' | 'chat'>;
  /** The people in the chat that a conversation is, or is an aside of; undefined where it is neither. */
  sceneOf(sequence: Sequence, sender: number): Scene | undefined;
}

/** Facts that other systems are told of. */
const FACTS: Readonly<Partial<Record<ChatCause, EventType & `chat.${string}`>>> = {
  queued: 'chat.queued',
  reopened: 'chat.queued',
  assigned: 'chat.taken',
  taken: 'chat.taken',
  transferred: 'chat.transferred',
  closed: 'chat.closed',
  rated: 'chat.rated',
};

export function createDesk(deps: {
  ids: IdSource;
  namespaces: Namespaces;
  sequences: Sequences;
  conversations: Pick<Conversations, 'createSupport' | 'members' | 'moveMember' | 'isMember'>;
  chats: DeskChats;
  asides: Pick<Asides, 'cursors'>;
  visitors: Pick<Visitors, 'personOf' | 'bind' | 'finish'>;
  handover: Pick<Handover, 'goOn' | 'isOpen'>;
  feed: Feed;
  append: (operation: AppendMessage) => Outcome;
}): Desk {
  const { ids, namespaces, sequences, conversations, chats, asides, visitors, handover, feed, append } = deps;

  /** Keeps a changed chat, tells the fact, and says which counts it has moved. */
  function settle(
    sequence: Sequence,
    cause: ChatCause,
    before: KeptChat,
    changed: KeptChat,
    { user, origin }: { readonly user: number; readonly origin: Origin },
  ): ChatChange {
    const id = factOf(sequence, cause, changed, user, origin);
    const waits = changed.queued === WAITING;
    const after = { ...changed, place: id, ...(waits && { queued: id, queuedAt: timeOfId(id) }) };
    chats.save(before, after);
    const counted = sameSort(before, after) ? [] : [before.operator, after.operator].filter((one) => one !== 0);
    return {
      id,
      cause,
      conversation: sequence.conversation,
      scene: chats.scene(after, user),
      before: { operator: before.operator, status: before.status, department: before.department },
      counted: [...new Set(counted)],
      unreadMoved: before.unread !== after.unread,
    };
  }

  function factOf(sequence: Sequence, cause: ChatCause, chat: KeptChat, user: number, origin: Origin): number {
    const type = cause === 'reopened' && chat.operator !== 0 ? 'chat.taken' : FACTS[cause];
    if (type === undefined) return ids.next();
    const { uuid, source, department, status, client, operator, rating } = chat;
    const fact = { uuid, source, department, status, client, operator, ...(rating && { score: rating.score }) };
    const conversation = sequence.conversation.id;
    return feed.add({ type, namespace: sequence.namespace, conversation, user, message: 0, index: 0, origin, chat: fact });
  }

  function find(operation: OpenChat, namespace: number): KeptChat | undefined {
    if (operation.uuid !== '') return chats.byUuid(namespace, operation.uuid);
    return operation.client === 0 ? undefined : chats.openOf(namespace, operation.client, operation.source);
  }

  function create(operation: OpenChat, namespace: number): Outcome {
    const { client, source, department, supply, origin } = operation;
    const { sequence, members } = conversations.createSupport(namespace, source, client, origin);
    const { id } = sequence.conversation;
    const fresh: KeptChat = {
      conversation: id,
      namespace: operation.namespace,
      uuid: operation.uuid === '' ? uuidOf(id) : operation.uuid,
      source,
      department,
      status: 'new',
      client,
      operator: 0,
      lastOperator: 0,
      unread: false,
      place: id,
      cursors: { clientDelivered: 0, clientRead: 0, deskDelivered: 0, deskRead: 0 },
    };
    chats.insert(fresh);
    const { operator, ...rest } = supply ?? {};
    const named = operator !== undefined && operator !== 0;
    // A chat that a back end makes for nobody in particular waits from that moment; others wait from their client's first message.
    const start = supply === undefined ? fresh : supplied(fresh, { ...rest, ...(named && { operator }) });
    const waits = supply !== undefined && start.status === 'new' && start.operator === 0;
    const change = settle(sequence, waits ? 'queued' : 'opened', fresh, waits ? { ...start, queued: WAITING } : start, {
      user: client,
      origin,
    });
    const membersChanged = named ? join(sequence, operator, [], origin) : undefined;
    return {
      type: 'chat-open',
      conversation: sequence.conversation,
      chat: change.scene.chat,
      created: true,
      members,
      change,
      ...(membersChanged && { membersChanged }),
    };
  }

  /** Adds an operator to the members, and removes others; undefined when that changes nothing. */
  function join(sequence: Sequence, operator: number, remove: readonly number[], origin: Origin): MembersChanged | undefined {
    const { id, version } = sequence.conversation;
    if (operator === 0 && remove.length === 0) return undefined;
    const add = operator === 0 ? [] : [{ user: operator, role: 'member' as const }];
    const outcome = conversations.members({ type: 'members', conversation: id, user: operator, version, add, remove, origin });
    return outcome.type === 'members' && outcome.added.length + outcome.removed.length > 0 ? outcome : undefined;
  }

  /** The operator who had the chat, and is one of its members still, with the number of chats they have. */
  function lastOf(sequence: Sequence, { lastOperator: operator }: KeptChat): { operator: number; load: number } | undefined {
    if (operator === 0 || !conversations.isMember(sequence, operator)) return undefined;
    return { operator, load: loadOf(sequence, operator) };
  }

  function loadOf({ namespace }: Sequence, operator: number): number {
    const { newChats, openChats } = chats.countsOf(namespace, operator);
    return newChats + openChats;
  }

  function messageStored(
    sequence: Sequence,
    message: Message,
    { origin, staff }: Pick<AppendMessage, 'origin' | 'staff'>,
  ): Pick<Appended, 'scene' | 'chat'> {
    const { kind, id, aside } = sequence.conversation;
    if (kind !== 'support') return {};
    const before = chats.get(aside?.of ?? id);
    if (before === undefined) return {};
    if (aside !== undefined) return { scene: { ...chats.scene(before, message.sender), aside: asides.cursors(id) } };
    const said = afterMessage(before, message.sender, () => ({ last: lastOf(sequence, before), staff, now: message.sentAt }));
    if (said === undefined) return { scene: chats.scene(before, message.sender) };
    if (said.cause === 'unread') {
      chats.save(before, said.after);
      const chat = unreadChange(sequence.conversation, before, chats.scene(said.after, message.sender));
      return { scene: chat.scene, chat };
    }
    const change = settle(sequence, said.cause, before, said.after, { user: message.sender, origin });
    return { scene: change.scene, chat: change };
  }

  return {
    open(asked) {
      const namespace = namespaces.ensure(asked.namespace);
      const person = asked.client === 0 ? undefined : visitors.personOf(namespace, asked.client);
      if (person !== undefined && asked.supply === undefined) return identified();
      // A back end that knows the visitor alone means the person.
      const operation = person === undefined ? asked : { ...asked, client: person };
      const before = find(operation, namespace);
      if (before === undefined) return create(operation, namespace);
      const sequence = sequences.get(before.conversation);
      if (sequence === undefined) return notThere();
      const after = operation.supply === undefined ? before : supplied(before, operation.supply);
      const { conversation } = sequence;
      if (after === before)
        return { type: 'chat-open', conversation, chat: chats.scene(before, 0).chat, created: false, members: [] };
      const waits = after.status === 'new' && after.operator === 0 && before.queued === undefined;
      const change = settle(sequence, 'supplied', before, waits ? { ...after, queued: WAITING } : after, {
        user: 0,
        origin: operation.origin,
      });
      const membersChanged =
        after.operator === before.operator ? undefined : join(sequence, after.operator, leaving(before), operation.origin);
      return {
        type: 'chat-open',
        conversation: sequence.conversation,
        chat: change.scene.chat,
        created: false,
        members: [],
        change,
        ...(membersChanged && { membersChanged }),
      };
    },
    change(operation) {
      const sequence = sequences.get(operation.conversation);
      const before = sequence && chats.get(operation.conversation);
      if (sequence === undefined || before === undefined) return notThere();
      const { step, user, origin } = operation;
      const result = afterStep(before, step, {
        load: step.kind === 'assign' ? loadOf(sequence, step.operator) : 0,
        last: step.kind === 'reopen' ? lastOf(sequence, before) : undefined,
        taker: chats.user(sequence.namespace, before.operator),
        by: user,
        now: timeOfId(ids.next()),
      });
      if (result instanceof ChatError) return { type: 'refused', reason: result };
      const noted = operation.note === undefined ? undefined : note(sequence, operation);
      if (noted !== undefined && noted.type !== 'append') return noted;
      const change =
        result.after === before
          ? undefined
          : settle(sequence, result.cause, before, result.waits ? { ...result.after, queued: WAITING } : result.after, {
              user,
              origin,
            });
      const membersChanged = membersOf(sequence, before, step, origin);
      return {
        type: 'chat',
        conversation: sequence.conversation,
        chat: change?.scene.chat ?? chats.scene(before, 0).chat,
        ...(change && { change }),
        ...(membersChanged && { membersChanged }),
        ...(noted && noted.scene && { note: { conversation: noted.conversation, message: noted.message, scene: noted.scene } }),
      };
    },
    identify(operation) {
      const namespace = namespaces.ensure(operation.namespace);
      const { visitor, user, origin } = operation;
      const person = visitors.personOf(namespace, visitor) ?? user;
      if (person !== user || visitor === user) return identified();
      visitors.bind(namespace, visitor, user);
      handover.goOn(visitor);
      const changes: { change: ChatChange; members: MembersChanged }[] = [];
      // One long chat after the other: each brings as many messages to be rewritten.
      const some = handover.isOpen(visitor) ? [] : chats.ofClient(namespace, visitor, CHATS_AT_ONCE);
      for (const before of some) {
        const sequence = sequences.get(before.conversation);
        if (sequence === undefined) continue;
        const members = conversations.moveMember(sequence, visitor, user, origin);
        const change = settle(sequence, 'identified', before, { ...before, client: user }, { user, origin });
        changes.push({ change: { ...change, conversation: sequence.conversation }, members });
      }
      const done = !handover.isOpen(visitor) && some.length < CHATS_AT_ONCE;
      if (done) visitors.finish(namespace, visitor);
      const { type, namespace: name } = operation;
      return { type, namespace: name, visitor, user, changes, done };
    },
    messageStored,
    sceneOf(sequence, sender) {
      const { kind, id, aside } = sequence.conversation;
      const chat = kind === 'support' ? chats.get(aside?.of ?? id) : undefined;
      if (chat === undefined || aside === undefined) return chat && chats.scene(chat, sender);
      return { ...chats.scene(chat, sender), aside: asides.cursors(id) };
    },
  };

  function note(sequence: Sequence, { user, note: content, origin }: ChangeChat): Outcome | undefined {
    if (content === undefined) return undefined;
    const { id, namespace, version } = sequence.conversation;
    const desk = { type: 'note' };
    return append({
      type: 'append',
      namespace,
      sender: user,
      conversation: id,
      peer: 0,
      version,
      writers: 'anyone',
      content,
      desk,
      aside: 'operator',
      origin,
    });
  }

  function membersOf(sequence: Sequence, before: KeptChat, step: ChatStep, origin: Origin): MembersChanged | undefined {
    if (!('operator' in step)) return undefined;
    if (step.kind === 'withdraw') return join(sequence, 0, [step.operator], origin);
    if (step.kind === 'join' || step.kind === 'reopen') return join(sequence, step.operator, [], origin);
    const left = step.operator === before.operator ? [] : leaving(before);
    return join(sequence, step.operator, left, origin);
  }
}

/** Nothing but unread has changed: no step of the chat, and no fact for others. */
export function unreadChange(conversation: Conversation, before: KeptChat, scene: Scene): ChatChange {
  const { operator, status, department } = before;
  const was = { operator, status, department };
  return { id: 0, cause: 'unread', conversation, scene, before: was, counted: [], unreadMoved: true };
}

/** Chats of a visitor that become a person's in one transaction. */
const CHATS_AT_ONCE = 4;

function identified(): Outcome {
  const reason = 'This visitor has said who they are: use a token of that person.';
  return { type: 'refused', reason: new ChatError('failed_precondition', reason) };
}

function leaving({ operator }: KeptChat): readonly number[] {
  return operator === 0 ? [] : [operator];
}

function notThere(): Outcome {
  return { type: 'refused', reason: new ChatError('not_found', 'There is no such chat.') };
}
