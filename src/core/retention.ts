/** How long messages are kept, and the work of removing what is older. */
import type { Core } from './core.ts';
import type { Millis, RetentionRule } from './model.ts';
import type { Cut, Overdue } from './ports.ts';

/** Conversations looked at in one read: a few milliseconds. */
const CONVERSATIONS_AT_ONCE = 100;

/** Messages removed in one transaction: a few milliseconds, which commits in line behind it wait. */
const MESSAGES_AT_ONCE = 100;

/** Members looked at in one transaction. */
const MEMBERS_AT_ONCE = 1_000;

/** Facts forgotten in one transaction. */
const EVENTS_AT_ONCE = 500;

/** The rules as moments, the narrower before the wider: of those that fit a conversation the first counts. A namespace narrows more than a kind. */
export function cutsOf(rules: readonly RetentionRule[], now: Millis): Cut[] {
  return sorted(rules).map(({ keep, ...scope }) => ({ ...scope, before: now - keep }));
}

export function sorted(rules: readonly RetentionRule[]): RetentionRule[] {
  const width = ({ namespace, kind }: RetentionRule): number => (namespace === undefined ? 2 : 0) + (kind === undefined ? 1 : 0);
  return rules.toSorted((one, other) => width(one) - width(other));
}

/** All that is overdue at this moment, conversation by conversation. `stopped` is asked now and then. */
export async function* findOverdue(
  { store }: Pick<Core, 'store'>,
  cuts: readonly Cut[],
  stopped: () => boolean = () => false,
): AsyncGenerator<Overdue> {
  if (cuts.length === 0) return;
  for (let after = 0, more = true; more && !stopped();) {
    const page = await store.overdue({ cuts, after, limit: CONVERSATIONS_AT_ONCE });
    yield* page.overdue;
    ({ next: after, more } = page);
    await breath();
  }
}

/** Removes what is overdue in one conversation, in short transactions between those of others. `stopped` is asked between them. */
export async function removeOverdue(core: Core, overdue: Overdue, stopped: () => boolean): Promise<void> {
  const { conversation, from, before } = overdue;
  const { committer } = core;
  for (let after = 0, more = true; more && !stopped();) {
    const outcome = await committer.commit({ type: 'pass-over', conversation, before, after, limit: MEMBERS_AT_ONCE });
    if (outcome === 'stale') return;
    ({ next: after, more } = outcome);
    await breath();
  }
  for (let index = from; index < before && !stopped();) {
    index = Math.min(before, index + MESSAGES_AT_ONCE);
    await committer.commit({ type: 'trim', conversation, before: index, passed: true });
    await breath();
  }
  const upTo = (await core.store.head(conversation))?.cutId ?? 0;
  for (let more = true; more && !stopped();) {
    const outcome = await committer.commit({ type: 'forget-events', conversation, upTo, limit: EVENTS_AT_ONCE });
    more = outcome !== 'stale' && outcome.more;
    await breath();
  }
}

/** Lets what others have asked for meanwhile go before. */
export function breath(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 2);
  });
}
