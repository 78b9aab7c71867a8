/**
 * An operator to whom other widgets were assigned has no part in the chats of the rest any more: is a member of none, and those that the operator
 * had wait for another. Who is to stay in one of them is made its member again by a back end.
 */
import { serves } from './serving.ts';
import type { Core } from '../core.ts';
import type { Id, Origin } from '../model.ts';
import { breath } from '../retention.ts';

/** Chats that one round of commits takes out of an operator's hands: others write between two rounds. */
const CHATS_AT_ONCE = 100;

const SERVER: Origin = { door: 'server', session: 0 };

/** Resolves when it is done. What fails half-way is done by the same assignment again. */
export async function withdrawOperator(core: Core, namespace: string, operator: Id): Promise<void> {
  const served = (await core.desk.settings.of(namespace)).served(operator);
  if (served === 'all') return;
  const foreign = ({ source = '' }: { readonly source?: string }): boolean => !serves(served, source);
  await withdrawAll(core, operator, await conversationsOf(core, namespace, operator, foreign));
  await withdrawAll(core, operator, await chatsOf(core, namespace, operator, foreign));
}

type Foreign = (chat: { readonly source?: string }) => boolean;

async function conversationsOf(core: Core, namespace: string, operator: Id, foreign: Foreign): Promise<Id[]> {
  const found: Id[] = [];
  for (const id of await core.store.conversationsOf(namespace, operator)) {
    const conversation = await core.directory.conversation(id);
    if (conversation?.kind === 'support' && conversation.aside === undefined && foreign(conversation)) found.push(id);
  }
  return found;
}

/** Those that the operator has without being a member. */
async function chatsOf(core: Core, namespace: string, operator: Id, foreign: Foreign): Promise<Id[]> {
  const found: Id[] = [];
  for (let after = 0; ;) {
    const page = await core.store.chats({ namespace, operator, order: 'recent', after, limit: CHATS_AT_ONCE });
    for (const { scene } of page) if (foreign(scene.chat)) found.push(scene.chat.conversation);
    const last = page.at(-1);
    if (last === undefined || page.length < CHATS_AT_ONCE) return found;
    after = last.cursor;
  }
}

async function withdrawAll(core: Core, operator: Id, chats: readonly Id[]): Promise<void> {
  const step = { kind: 'withdraw', operator } as const;
  for (let from = 0; from < chats.length; from += CHATS_AT_ONCE) {
    const some = chats.slice(from, from + CHATS_AT_ONCE);
    await Promise.all(
      some.map((conversation) => core.committer.commit({ type: 'chat', conversation, user: 0, step, origin: SERVER })),
    );
    await breath();
  }
}
