/** Everything that is kept of one person, record by record. */
import { noteOf, recordAct } from '../audit.ts';
import type { Core } from '../core.ts';
import type { Actor, Conversation, Id, Membership, Message, Revision, StoredFile, User } from '../model.ts';
import { notFound } from '../policy.ts';
import type { SessionInfo } from '../session.ts';
import { listSessions } from './open-session.ts';

/** One thing that is known of the person. Of conversations it is the place, not what others have said there. */
export type ExportRecord =
  | { readonly type: 'user'; readonly user: User }
  | { readonly type: 'conversation'; readonly conversation: Conversation; readonly membership: Membership }
  | { readonly type: 'message'; readonly message: Message; readonly revisions: readonly Revision[] }
  | { readonly type: 'file'; readonly file: StoredFile }
  | { readonly type: 'block'; readonly user: Id }
  | { readonly type: 'session'; readonly session: SessionInfo };

/** Messages and files read at a time: as much of an export is in memory. */
const PAGE = 100;

/**
 * All that is kept of a person, for the person or a back end; read while it is taken, so whoever takes it slowly holds up nothing. Rejects before
 * the first record when it may not be.
 */
export async function exportUser(core: Core, actor: Actor, user: Id): Promise<AsyncGenerator<ExportRecord>> {
  if (!actor.server && user !== actor.user) throw notFound();
  const account = await core.store.user(actor.namespace, user);
  if (account === undefined) throw notFound();
  const leave = core.reports.enter('export');
  if (actor.server) recordAct(core, noteOf(actor, { action: 'user.exported', user }));
  return guarded(records(core, { ...actor, user }, account), leave);
}

/** A generator that was never asked for anything has no `finally`: the place is given back however it ends. */
function guarded<T>(source: AsyncGenerator<T>, leave: () => void): AsyncGenerator<T> {
  const { next, return: end, throw: fail } = source;
  source.next = async (...args) => {
    try {
      const result = await next.apply(source, args);
      if (result.done === true) leave();
      return result;
    } catch (error) {
      leave();
      throw error;
    }
  };
  source.return = (value) => {
    leave();
    return end.call(source, value);
  };
  source.throw = (error) => {
    leave();
    return fail.call(source, error);
  };
  return source;
}

async function* records(core: Core, actor: Actor, account: User): AsyncGenerator<ExportRecord> {
  const { store } = core;
  const { namespace, user } = actor;
  yield { type: 'user', user: account };
  for (const id of await store.conversationsOf(namespace, user)) {
    const [head, membership] = [await store.head(id), await store.membership(id, user)];
    if (head !== undefined && membership !== undefined)
      yield { type: 'conversation', conversation: head.conversation, membership };
  }
  for (const blocked of await store.blocks(namespace, user)) yield { type: 'block', user: blocked };
  for (const session of listSessions(core, actor)) if (session.user === user) yield { type: 'session', session };
  yield* filesOf(core, namespace, user);
  yield* messagesOf(core, namespace, user);
}

async function* filesOf({ store }: Core, namespace: string, user: Id): AsyncGenerator<ExportRecord> {
  for (let after = 0; ;) {
    const page = await store.filesOf(namespace, user, after, PAGE);
    for (const file of page) yield { type: 'file', file };
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
  }
}

async function* messagesOf({ store, limits }: Core, namespace: string, user: Id): AsyncGenerator<ExportRecord> {
  for (let after = 0, more = true; more;) {
    const page = await store.authored(namespace, user, after, PAGE);
    for (const message of page.messages)
      yield { type: 'message', message, revisions: await store.revisions(message.id, 0, limits.maxRevisions) };
    ({ next: after, more } = page);
  }
}
