/** The erasure of a person, carried on in the background until nothing is left. */
import type { Core } from './core.ts';
import type { Conversation, Erasure, Id, Membership } from './model.ts';
import { breath } from './retention.ts';

/** Messages erased in one transaction. */
const MESSAGES_AT_ONCE = 100;

/** Members looked through for somebody who becomes owner. */
const MAX_HEIRS = 1_000;

/** A decision made stale by a change of members is made again this often at the most; what then is left is tried again later. */
const MAX_DECISIONS = 5;

const SERVER = { door: 'server', session: 0 };

/** Takes the person out of every conversation but private ones, then erases what the person has said and uploaded. `stopped` is asked between transactions. */
export async function carryOn(core: Core, { namespace, user }: Erasure, stopped: () => boolean): Promise<void> {
  for (const id of await core.store.conversationsOf(namespace, user)) {
    if (stopped()) return;
    await leave(core, namespace, user, id);
  }
  for (let done = false; !done && !stopped();) {
    const outcome = await core.committer.commit({ type: 'erase-some', namespace, user, limit: MESSAGES_AT_ONCE });
    done = outcome === 'stale' || outcome.done;
    await breath();
  }
}

/** The other user of a private conversation keeps it; a group that nobody else is in goes. */
async function leave(core: Core, namespace: string, user: Id, id: Id): Promise<void> {
  for (let decision = 0; decision < MAX_DECISIONS; decision += 1) {
    const conversation = await core.directory.conversation(id);
    if (conversation === undefined || conversation.kind === 'private') return;
    if ((await leaveOnce(core, user, conversation)) !== 'stale') return;
    core.directory.forget(namespace, user, { conversation: id });
  }
}

async function leaveOnce(core: Core, user: Id, { id: conversation, kind, version }: Conversation) {
  const own = await core.store.membership(conversation, user);
  const others = (await core.store.members(conversation, 0, MAX_HEIRS)).filter((member) => member.user !== user);
  if (others.length === 0 && kind !== 'support') {
    return core.committer.commit({ type: 'delete', conversation, user: 0, origin: SERVER });
  }
  const heir = own?.role === 'owner' ? heirAmong(others) : undefined;
  const add = heir === undefined ? [] : [{ user: heir.user, role: 'owner' as const }];
  return core.committer.commit({ type: 'members', conversation, user: 0, version, add, remove: [user], origin: SERVER });
}

/** Who becomes owner when the only one goes: an admin, else who has been a member longest. */
function heirAmong(others: readonly Membership[]): Membership | undefined {
  if (others.some(({ role }) => role === 'owner')) return undefined;
  const admins = others.filter(({ role }) => role === 'admin');
  return (admins.length > 0 ? admins : others).toSorted(
    (one, other) => one.joinedAt - other.joinedAt || one.user - other.user,
  )[0];
}
