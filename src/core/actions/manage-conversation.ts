/** Create, change and delete conversations, and who is in them. */
import { auditOf } from '../audit.ts';
import { checkLabel, checkName } from '../content.ts';
import type { Core } from '../core.ts';
import type { Access } from '../directory.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Conversation, Id, MemberRole } from '../model.ts';
import { checkCreate, checkDelete, checkManage, checkRoleChange, checkSend, notFound } from '../policy.ts';
import type { ChangeMembers, ConversationCreated, CreateConversation, MembersChanged, PrivateOpened } from '../ports.ts';
import { settlePicture } from './read-file.ts';

/** A decision made stale by another change is made again this often at the most. */
const MAX_DECISIONS = 5;

export interface CreateConversationInput {
  readonly kind: CreateConversation['kind'];
  readonly name: string;
  readonly notice?: string;
  /** A user without a role becomes `member`. */
  readonly members: readonly (Id | { readonly user: Id; readonly role: MemberRole })[];
}

/**
 * The members must be users of the namespace. The creator becomes owner; but of a support conversation, which only back ends create, the
 * members are exactly those named. A room has no members.
 */
export async function createConversation(core: Core, actor: Actor, input: CreateConversationInput): Promise<ConversationCreated> {
  checkCreate(actor, input.kind);
  core.restrictions.checkVoice(actor);
  const notice = input.notice ?? '';
  checkLabels(core, input.name, notice);
  const members = membersOf(actor, input);
  checkCount(core, members.filter(({ user }) => user !== actor.user).length);
  if (!actor.server) core.changeLimiter.take(actor.namespace, actor.user);
  await checkUsersExist(
    core,
    actor,
    members.map(({ user }) => user).filter((user) => user !== actor.user || input.kind === 'support'),
  );
  return settled(
    await core.committer.commit({
      type: 'create',
      namespace: actor.namespace,
      kind: input.kind,
      name: input.name,
      notice,
      creator: actor.user,
      members,
      origin: actor,
    }),
  );
}

/** Each once: who is named twice has the first role. */
function membersOf(actor: Actor, { kind, members }: CreateConversationInput): CreateConversation['members'] {
  const roles = new Map<Id, MemberRole>();
  if (kind !== 'room' && kind !== 'support' && actor.user !== 0) roles.set(actor.user, 'owner');
  for (const member of members) {
    const { user, role } = typeof member === 'number' ? { user: member, role: 'member' as const } : member;
    if (!roles.has(user)) roles.set(user, role);
  }
  // Who creates a room may name themselves: a list of everybody concerned is no mistake.
  if (kind === 'room') roles.delete(actor.user);
  if (kind === 'room' && roles.size > 0) {
    throw new ChatError('invalid_argument', 'members: a room has no members; whoever is connected is in it.');
  }
  return [...roles].map(([user, role]) => ({ user, role }));
}

/**
 * The private conversation with a user, made if there is none: it then counts, and is refused, as the first message would be
 * (docs/adr/0017-private-conversations-can-be-opened.md).
 */
export async function openPrivate(core: Core, actor: Actor, peer: Id): Promise<Omit<PrivateOpened, 'type'>> {
  const { namespace, user } = actor;
  if (user === 0) throw notFound();
  for (let attempt = 1; attempt <= MAX_DECISIONS; attempt += 1) {
    const found = await core.directory.load(namespace, user, { peer });
    if (found.conversation !== undefined) return { conversation: found.conversation, created: false };
    checkSend(actor, found);
    if (attempt === 1) core.speech.take(actor);
    const outcome = await core.committer.commit({ type: 'open', namespace, user, peer, origin: actor });
    if (outcome !== 'stale') return outcome;
    core.directory.forget(namespace, user, { peer });
  }
  throw new ChatError('unavailable', 'The conversation is changing too fast. Try again.');
}

/** Changes name, notice and picture. A room is changed by who created it. */
export async function updateConversation(
  core: Core,
  actor: Actor,
  id: Id,
  change: { readonly name?: string; readonly notice?: string; readonly picture?: string },
): Promise<Conversation> {
  core.restrictions.checkVoice(actor);
  checkLabels(core, change.name ?? '', change.notice ?? '');
  checkManage(actor, asCreator(actor, await access(core, actor, id)));
  const { picture: asked, ...labels } = change;
  const picture = asked === undefined ? undefined : await settlePicture(core, actor, asked);
  // What is refused for what it says has not used up anything.
  if (!actor.server) core.changeLimiter.take(actor.namespace, actor.user);
  const outcome = await core.committer.commit({
    type: 'update',
    conversation: id,
    user: actor.user,
    ...labels,
    ...(picture !== undefined && { picture }),
    origin: actor,
  });
  return settled(outcome).conversation;
}

/** Deletes the conversation with everything in it. */
export async function deleteConversation(core: Core, actor: Actor, id: Id): Promise<Conversation> {
  checkDelete(actor, asCreator(actor, await access(core, actor, id)));
  const audit = auditOf(actor, { action: 'conversation.deleted', subject: String(id) });
  const outcome = await core.committer.commit({ type: 'delete', conversation: id, user: actor.user, origin: actor, ...audit });
  return settled(outcome).conversation;
}

export interface MemberChangeInput {
  /** Without a role: who is a member keeps theirs, anyone else becomes `member`. */
  readonly add: readonly { readonly user: Id; readonly role?: MemberRole }[];
  readonly remove: readonly Id[];
}

/** Adds members, gives members another role, removes members, all or nothing. */
export async function changeMembers(core: Core, actor: Actor, id: Id, change: MemberChangeInput): Promise<MembersChanged> {
  checkCount(core, change.add.length + change.remove.length);
  const overlap = change.add.find(({ user }) => change.remove.includes(user));
  if (overlap !== undefined) throw new ChatError('invalid_argument', `members: ${overlap.user} is both added and removed.`);
  return decide(core, actor, id, async (current) => {
    checkManage(actor, current);
    refuseRoom(current);
    const add: { user: Id; role: MemberRole }[] = [];
    for (const { user, role } of change.add) {
      const held = (await core.directory.role(id, user)) ?? 'member';
      if (role !== undefined) for (const touched of [role, held]) checkRoleChange(actor, current, touched);
      add.push({ user, role: role ?? held });
    }
    for (const user of change.remove) checkRoleChange(actor, current, (await core.directory.role(id, user)) ?? 'member');
    await checkUsersExist(
      core,
      actor,
      add.map(({ user }) => user),
    );
    return { add, remove: change.remove };
  });
}

/** Follow a channel. Groups are joined by being added; rooms by connecting. */
export async function joinConversation(core: Core, actor: Actor, id: Id): Promise<MembersChanged> {
  if (actor.role === 'guest') throw new ChatError('permission_denied', 'Guests do not join conversations. Sign in first.');
  return decide(core, actor, id, ({ conversation, role }) => {
    refuseRoom({ ...(conversation && { conversation }), blocked: false });
    if (conversation?.kind !== 'channel' && role === undefined) throw notFound();
    return Promise.resolve({ add: role === undefined ? [{ user: actor.user, role: 'member' }] : [], remove: [] });
  });
}

/** Leave a group or unfollow a channel. The last owner names another one first. */
export async function leaveConversation(core: Core, actor: Actor, id: Id): Promise<MembersChanged> {
  return decide(core, actor, id, async ({ conversation, role }) => {
    if (conversation === undefined || role === undefined) throw notFound();
    if (conversation.kind === 'private')
      throw new ChatError('failed_precondition', 'A private conversation cannot be left; block the user instead.');
    if (conversation.source !== undefined)
      throw new ChatError('failed_precondition', 'A support chat is not left: close it, or hand it on.');
    if (role === 'owner') await refuseLastOwner(core, id, actor.user);
    return { add: [], remove: [actor.user] };
  });
}

/** Decides on fresh data until the store takes the decision. */
async function decide(
  core: Core,
  actor: Actor,
  id: Id,
  decision: (access: Access) => Promise<Pick<ChangeMembers, 'add' | 'remove'>>,
): Promise<MembersChanged> {
  for (let attempt = 1; attempt <= MAX_DECISIONS; attempt += 1) {
    const current = await access(core, actor, id);
    const change = await decision(current);
    const operation: ChangeMembers = {
      type: 'members',
      conversation: id,
      user: actor.user,
      version: current.conversation?.version ?? 0,
      ...change,
      origin: actor,
    };
    const outcome = await core.committer.commit(operation);
    if (outcome !== 'stale') return outcome;
    core.directory.forget(actor.namespace, actor.user, { conversation: id });
  }
  throw new ChatError('unavailable', 'The members are changing too fast. Try again.');
}

function access(core: Core, actor: Actor, id: Id): Promise<Access> {
  return core.directory.load(actor.namespace, actor.user, { conversation: id });
}

/** The creator of a room has an owner's rights over it: it has no members. */
function asCreator(actor: Actor, found: Access): Access {
  const isCreator = found.conversation?.kind === 'room' && found.conversation.creator === actor.user && actor.user !== 0;
  return isCreator ? { ...found, role: 'owner' } : found;
}

function refuseRoom({ conversation }: Access): void {
  if (conversation?.kind !== 'room') return;
  throw new ChatError('failed_precondition', 'A room has no members; whoever is connected is in it.');
}

async function refuseLastOwner(core: Core, id: Id, user: Id): Promise<void> {
  for (let after = 0; ;) {
    const page = await core.store.members(id, after, core.limits.maxMemberChange);
    if (page.some((member) => member.role === 'owner' && member.user !== user)) return;
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.user;
  }
  if ((await core.store.memberCount(id)) <= 1) return;
  throw new ChatError('failed_precondition', 'You are the last owner: make another member owner first.');
}

async function checkUsersExist(core: Core, actor: Actor, ids: readonly Id[]): Promise<void> {
  if (ids.length === 0) return;
  const known = await core.store.users(actor.namespace, ids);
  const found = new Set(known.filter(({ erasedAt }) => erasedAt === undefined).map((user) => user.id));
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined)
    throw new ChatError('not_found', `There is no user ${missing}. A user appears with the first valid token.`);
}

function checkCount(core: Core, count: number): void {
  if (count <= core.limits.maxMemberChange) return;
  throw new ChatError('too_large', `members: at most ${core.limits.maxMemberChange} at a time; send the rest in further calls.`);
}

function checkLabels(core: Core, name: string, notice: string): void {
  checkName('name', name, core.limits.maxNameLength);
  checkLabel('notice', notice, core.limits.maxNoticeLength);
}

function settled<T extends object>(outcome: T | 'stale'): T {
  if (outcome === 'stale') throw new ChatError('unavailable', 'The conversation is changing. Try again.');
  return outcome;
}
