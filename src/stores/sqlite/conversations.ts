/** Writing conversations, members and blocks. Every function runs inside the batch's transaction. */
import { ChatError, fileOf, timeOfId } from '../../core/index.ts';
import type {
  Writers,
  AppendMessage,
  ChangeMembers,
  Conversation,
  CreateConversation,
  DeleteConversation,
  IdSource,
  MemberRole,
  Membership,
  MembersChanged,
  OpenPrivate,
  Origin,
  Outcome,
  Refused,
  SetBlock,
  UpdateConversation,
} from '../../core/index.ts';
import { MAX_LISTED } from './activity.ts';
import type { Activity } from './activity.ts';
import type { Asides } from './asides.ts';
import type { Database } from './database.ts';
import type { DeskChats } from './desk-chats.ts';
import type { Feed } from './feed.ts';
import type { Files } from './files.ts';
import type { Handover } from './handover.ts';
import type { Namespaces } from './namespaces.ts';
import { toConversation, toMembership } from './rows.ts';
import type { ConversationRow, MembershipRow } from './rows.ts';
import type { Sequence, Sequences } from './sequences.ts';
import { query, statement } from './statements.ts';
import type { WriteBehind } from './write-behind.ts';

/** A private conversation, and whether it was made just now. */
interface Made {
  readonly sequence: Sequence;
  readonly created: boolean;
}

export interface Conversations {
  create(operation: CreateConversation): Outcome;
  update(operation: UpdateConversation): Outcome;
  delete(operation: DeleteConversation): Outcome;
  members(operation: ChangeMembers): Outcome;
  /** The conversation of a new support chat; its client is the first member. 0: nobody. */
  createSupport(
    namespace: number,
    source: string,
    client: number,
    origin: Origin,
  ): { readonly sequence: Sequence; readonly members: readonly Membership[] };
  /** A member of a support chat and of its asides turns out to be somebody else, who gets the cursors and the messages. */
  moveMember(sequence: Sequence, from: number, to: number, origin: Origin): MembersChanged;
  block(operation: SetBlock): Outcome;
  open(operation: OpenPrivate): Outcome;
  /** The private conversation of a message that was decided on before there was one: made now, or meanwhile by another. Or why not. */
  openPrivate(namespace: number, operation: AppendMessage): Made | Refused;
  /** Whether what was decided earlier still holds: the user is one of the writers, and not blocked. */
  mayStillWrite(sequence: Sequence, user: number, writers: Writers): boolean;
  isMember(sequence: Sequence, user: number): boolean;
  /** Id of a private conversation; 0 when there is none. */
  pair(namespace: number, one: number, other: number): number;
}

export function createConversations(deps: {
  db: Database;
  ids: IdSource;
  namespaces: Namespaces;
  sequences: Sequences;
  behind: WriteBehind;
  feed: Feed;
  files: Pick<Files, 'use'>;
  activity: Pick<Activity, 'joined'>;
  asides: Pick<Asides, 'membersChanged' | 'of' | 'joined' | 'removed'>;
  chats: Pick<DeskChats, 'remove' | 'forget'>;
  handover: Handover;
}): Conversations {
  const { db, ids, namespaces, sequences, behind, feed, files, activity, asides, chats, handover } = deps;
  const insert = statement(
    db,
    `INSERT INTO conversation (id, namespace, kind, name, notice, low, high, creator, created_at, listed, source, version)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
  );
  const readRow = query<ConversationRow>(db, 'SELECT * FROM conversation WHERE id = ?');
  const rename = statement(db, 'UPDATE conversation SET name = ?, notice = ?, picture = ? WHERE id = ?');
  const setVersion = statement(db, 'UPDATE conversation SET version = ? WHERE id = ?');
  const remove = statement(db, 'DELETE FROM conversation WHERE id = ?');
  const removeMembers = statement(db, 'DELETE FROM membership WHERE conversation = ?');
  const startErasure = statement(db, 'INSERT OR IGNORE INTO erasure (conversation) VALUES (?)');
  const readPair = query<{ id: number }>(
    db,
    "SELECT id FROM conversation WHERE namespace = ? AND low = ? AND high = ? AND kind = 'private'",
  );
  const insertMember = statement(
    db,
    `INSERT INTO membership (conversation, user, namespace, role, joined_at, delivered_index, read_index, listed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const readMember = query<MembershipRow>(db, 'SELECT * FROM membership WHERE conversation = ? AND user = ?');
  const setRole = statement(db, 'UPDATE membership SET role = ? WHERE conversation = ? AND user = ?');
  const removeMember = statement(db, 'DELETE FROM membership WHERE conversation = ? AND user = ?');
  const insertBlock = statement(db, 'INSERT OR IGNORE INTO block (namespace, user, blocked) VALUES (?, ?, ?)');
  const removeBlock = statement(db, 'DELETE FROM block WHERE namespace = ? AND user = ? AND blocked = ?');
  const readBlock = query<{ user: number }>(db, 'SELECT user FROM block WHERE namespace = ? AND user = ? AND blocked = ?');

  function pair(namespace: number, one: number, other: number): number {
    return readPair.get(namespace, Math.min(one, other), Math.max(one, other))?.id ?? 0;
  }

  function start(id: number): Sequence {
    const row = readRow.get(id);
    if (row === undefined) throw new Error('a conversation just written is not there');
    return sequences.create(row, toConversation(row, namespaces.name(row.namespace)));
  }

  /** A new member has read everything that was there before; how many of it were the member's own does not matter. */
  function join(sequence: Sequence, user: number, role: MemberRole, at: number): Membership {
    const { id } = sequence.conversation;
    const { lastIndex } = sequence;
    behind.writeNow(sequence);
    insertMember.run(id, user, sequence.namespace, role, at, lastIndex, lastIndex, sequence.listed);
    return { conversation: id, user, role, joinedAt: at, deliveredIndex: lastIndex, readIndex: lastIndex };
  }

  function raiseVersion(sequence: Sequence): void {
    const conversation: Conversation = { ...sequence.conversation, version: sequence.conversation.version + 1 };
    setVersion.run(conversation.version, conversation.id);
    sequence.conversation = conversation;
  }

  function tell(
    type: 'conversation.created' | 'conversation.changed' | 'conversation.deleted',
    sequence: Sequence,
    user: number,
    origin: Origin,
    joined?: readonly Membership[],
  ): void {
    const { namespace, conversation } = sequence;
    const members = joined && { added: joined.map(({ user: added, role }) => ({ user: added, role })), removed: [] };
    const fact = { type, namespace, conversation: conversation.id, user, message: 0, index: 0, origin };
    feed.add({ ...fact, ...(members !== undefined && { members }) });
  }

  function usePicture({ namespace, conversation: { id } }: Sequence, picture: string | undefined): void {
    const file = picture === undefined ? undefined : fileOf(picture);
    files.use(namespace, { kind: 'conversation', subject: id, scope: 0 }, ...(file === undefined ? [] : [file]));
  }

  function mayStillWrite(sequence: Sequence, user: number, writers: Writers): boolean {
    const { id, peers } = sequence.conversation;
    const peer = peers?.[0] === user ? peers[1] : peers?.[0];
    if (peer !== undefined && readBlock.get(sequence.namespace, peer, user) !== undefined) return false;
    if (writers === 'anyone') return true;
    const role = readMember.get(id, user)?.role;
    return role !== undefined && writers.includes(role);
  }

  function erase(sequence: Sequence): void {
    const { id } = sequence.conversation;
    sequences.remove(id);
    usePicture(sequence, undefined);
    remove.run(id);
    removeMembers.run(id);
    startErasure.run(id);
  }

  /** A private conversation where there was none; `stale` when the peer does not want it. */
  function makePrivate(namespace: number, user: number, peer: number, origin: Origin): Made | Refused {
    if (readBlock.get(namespace, peer, user) !== undefined) return { type: 'refused', reason: 'stale' };
    const id = ids.next();
    insert.run(id, namespace, 'private', '', '', Math.min(user, peer), Math.max(user, peer), user, timeOfId(id), id, null);
    const sequence = start(id);
    const members = [...new Set([user, peer])].map((one) => join(sequence, one, 'member', timeOfId(id)));
    tell('conversation.created', sequence, user, origin, members);
    return { sequence, created: true };
  }

  return {
    pair,
    createSupport(namespace, source, client, origin) {
      const id = ids.next();
      insert.run(id, namespace, 'support', '', '', null, null, client, timeOfId(id), id, source);
      const sequence = start(id);
      const members = client === 0 ? [] : [join(sequence, client, 'member', timeOfId(id))];
      tell('conversation.created', sequence, client, origin, members);
      return { sequence, members };
    },
    moveMember(sequence, from, to, origin) {
      const { id } = sequence.conversation;
      for (const { conversation: aside } of asides.of(id)) {
        const beside = sequences.get(aside.id);
        if (beside !== undefined) handover.give(beside, from, to);
        asides.joined(aside.id, [from, to]);
      }
      handover.give(sequence, from, to);
      raiseVersion(sequence);
      chats.forget(id);
      const member = readMember.get(id, to);
      const added = [{ user: to, role: 'member' as const }];
      const members = { added, removed: [from] };
      const { namespace } = sequence;
      feed.add({ type: 'members.changed', namespace, conversation: id, user: to, message: 0, index: 0, origin, members });
      asides.membersChanged(sequence);
      const memberships = member === undefined ? [] : [toMembership(member)];
      return { type: 'members', conversation: sequence.conversation, ...members, memberships };
    },
    openPrivate(namespace, operation) {
      const { sender, peer, writers, origin } = operation;
      const known = sequences.get(pair(namespace, sender, peer));
      if (known !== undefined) {
        const holds = writers !== undefined && mayStillWrite(known, sender, writers);
        return holds ? { sequence: known, created: false } : { type: 'refused', reason: 'stale' };
      }
      return makePrivate(namespace, sender, peer, origin);
    },
    open(operation) {
      const namespace = namespaces.ensure(operation.namespace);
      const { user, peer, origin } = operation;
      const known = sequences.get(pair(namespace, user, peer));
      if (known !== undefined) return { type: 'open', conversation: known.conversation, created: false };
      const made = makePrivate(namespace, user, peer, origin);
      return 'type' in made ? made : { type: 'open', conversation: made.sequence.conversation, created: true };
    },
    mayStillWrite,
    isMember: ({ conversation: { id } }, user) => readMember.get(id, user) !== undefined,
    create(operation) {
      const namespace = namespaces.ensure(operation.namespace);
      const id = ids.next();
      const { kind, name, notice, creator } = operation;
      const listed = kind === 'room' || operation.members.length > MAX_LISTED ? 0 : id;
      insert.run(id, namespace, kind, name, notice, null, null, creator, timeOfId(id), listed, null);
      const sequence = start(id);
      const members = operation.members.map(({ user, role }) => join(sequence, user, role, timeOfId(id)));
      tell('conversation.created', sequence, creator, operation.origin, members);
      return { type: 'create', conversation: sequence.conversation, members };
    },
    update(operation) {
      const sequence = sequences.get(operation.conversation);
      if (sequence === undefined) return notThere();
      const { picture: before, ...current } = sequence.conversation;
      const { name = current.name, notice = current.notice, picture = before } = operation;
      const kept = picture === '' ? undefined : picture;
      rename.run(name, notice, kept ?? null, operation.conversation);
      if (picture !== before) usePicture(sequence, kept);
      sequence.conversation = { ...current, name, notice, ...(kept !== undefined && { picture: kept }) };
      tell('conversation.changed', sequence, operation.user, operation.origin);
      return { type: 'update', conversation: sequence.conversation };
    },
    delete(operation) {
      const sequence = sequences.get(operation.conversation);
      if (sequence === undefined) return notThere();
      tell('conversation.deleted', sequence, operation.user, operation.origin);
      const chat = chats.remove(operation.conversation);
      for (const { conversation: aside } of asides.of(operation.conversation)) {
        const beside = sequences.get(aside.id);
        if (beside !== undefined) erase(beside);
        asides.removed(aside.id);
      }
      erase(sequence);
      return { type: 'delete', conversation: sequence.conversation, ...(chat && { chat }) };
    },
    members(operation) {
      const sequence = sequences.get(operation.conversation);
      if (sequence?.conversation.version !== operation.version) return { type: 'refused', reason: 'stale' };
      const { id } = sequence.conversation;
      const memberships: Membership[] = [];
      const added: { user: number; role: MemberRole }[] = [];
      const removed: number[] = [];
      let rightsTaken = false;
      const at = timeOfId(ids.next());
      for (const { user, role } of operation.add) {
        const member = readMember.get(id, user);
        if (member === undefined) {
          memberships.push(join(sequence, user, role, at));
          // Whoever took this user for a stranger, whom any admin may add and remove, must decide again.
          if (role !== 'member') rightsTaken = true;
        } else if (member.role === role) continue;
        else {
          setRole.run(role, id, user);
          memberships.push({ ...toMembership(member), role });
          rightsTaken = true;
        }
        added.push({ user, role });
      }
      if (memberships.length > 0) activity.joined(sequence);
      for (const user of operation.remove) {
        const member = readMember.get(id, user);
        if (member === undefined) continue;
        sequence.authored.delete(user);
        removeMember.run(id, user);
        removed.push(user);
        // A plain follower's leaving takes no right to write from anybody: senders need not decide again.
        if (sequence.conversation.kind !== 'channel' || member.role !== 'member') rightsTaken = true;
      }
      if (rightsTaken) raiseVersion(sequence);
      if (added.length + removed.length > 0) {
        if (sequence.conversation.kind === 'support') asides.membersChanged(sequence);
        const { namespace } = sequence;
        const members = { added, removed };
        feed.add({
          type: 'members.changed',
          namespace,
          conversation: id,
          user: operation.user,
          message: 0,
          index: 0,
          origin: operation.origin,
          members,
        });
      }
      return { type: 'members', conversation: sequence.conversation, added, removed, memberships };
    },
    block(operation) {
      const namespace = namespaces.ensure(operation.namespace);
      const change = operation.active ? insertBlock : removeBlock;
      const changed = change.run(namespace, operation.user, operation.blocked) > 0;
      const id = pair(namespace, operation.user, operation.blocked);
      const sequence = id === 0 ? undefined : sequences.get(id);
      if (changed && sequence !== undefined) raiseVersion(sequence);
      return {
        type: 'block',
        namespace: operation.namespace,
        user: operation.user,
        changed,
        ...(sequence && { conversation: sequence.conversation }),
      };
    },
  };
}

function notThere(): Outcome {
  return { type: 'refused', reason: new ChatError('not_found', 'There is no such conversation.') };
}
