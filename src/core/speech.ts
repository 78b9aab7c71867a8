/**
 * What a user must pass to say something, through whatever door: not be muted, not be too fast, not repeat without end. One place, so that a
 * second door or connection brings nobody anything. Back ends are not asked.
 */
import type { Limits } from './limits.ts';
import type { Actor, Content, Id, Millis } from './model.ts';
import type { Buckets, Rate } from './rate-limiter.ts';
import { createBuckets, tooFast } from './rate-limiter.ts';
import { createRecent } from './recent.ts';
import type { Restrictions } from './restrictions.ts';
import { createSpamGuard } from './spam.ts';

export interface Speech {
  /**
   * Throws `permission_denied` when the user is muted or banned.
   * Takes a message or edit into account: of its user, of the network it comes from and of its connection, from all of them or from none. Throws
   * `rate_limited` with the time to wait.
   */
  take(actor: Actor, said?: Said): void;
}

/** What is said; absent: something that is not compared with what was said before. */
export interface Said {
  readonly content: Content;
  /** The sender's own name for it. */
  readonly key?: string | undefined;
}

/** Why a user was refused (seed 000, `userChatRateLimited`). */
export type LimitReason = 'rate_limited' | 'spam';

const WORDS: Readonly<Record<LimitReason, string>> = {
  rate_limited: 'Too many messages or changes.',
  spam: 'The same was said too often.',
};

/** Users of whom it is remembered when they were last told of. */
const MAX_TOLD = 100_000;

/** How often a user is told of where the rate of users is off. */
const TELL_EVERY_MS: Millis = 1_000;

export function createSpeech(deps: {
  limits: Pick<Limits, 'rate' | 'addressRate' | 'connectionRate' | 'spam'>;
  restrictions: Pick<Restrictions, 'checkVoice'>;
  now: () => Millis;
  /** Told of a user who was refused, once in a window of the rate. */
  limited: (actor: Actor, reason: LimitReason) => void;
}): Speech {
  const { limits, restrictions, now, limited } = deps;
  const users = bucketsOf<string>(limits.rate);
  const addresses = bucketsOf<string>(limits.addressRate);
  const connections = bucketsOf<Id>(limits.connectionRate);
  const spam = createSpamGuard({ limit: limits.spam, now });
  const told = createRecent<string, Millis>(MAX_TOLD);
  const tellEvery = limits.rate?.window ?? TELL_EVERY_MS;

  const isLimited = [limits.rate, limits.addressRate, limits.connectionRate, limits.spam].some((limit) => limit !== undefined);

  function bucketsOf<K>(rate: Rate | undefined): Buckets<K> | undefined {
    return rate && createBuckets<K>({ rate, now });
  }

  function refuse(actor: Actor, sender: string, reason: LimitReason, wait: Millis): never {
    const time = now();
    const before = told.get(sender);
    if (before === undefined || time < before || time - before >= tellEvery) {
      told.set(sender, time);
      limited(actor, reason);
    }
    throw tooFast(WORDS[reason], wait);
  }

  function takeRate(actor: Actor, sender: string): void {
    const { address, session } = actor;
    const ofAddress = address === undefined ? 0 : addresses?.wait(address);
    const ofConnection = session === 0 ? 0 : connections?.wait(session);
    const wait = Math.max(users?.wait(sender) ?? 0, ofAddress ?? 0, ofConnection ?? 0);
    if (wait > 0) refuse(actor, sender, 'rate_limited', wait);
    users?.spend(sender);
    if (address !== undefined) addresses?.spend(address);
    if (session !== 0) connections?.spend(session);
  }

  return {
    take(actor, said) {
      if (actor.server) return;
      restrictions.checkVoice(actor);
      if (!isLimited) return;
      const sender = `${actor.user}/${actor.namespace}`;
      const rest = spam.rest(sender);
      if (rest > 0) refuse(actor, sender, 'spam', rest);
      takeRate(actor, sender);
      // Bots say the same to many, and operators have prepared answers.
      if (said !== undefined && actor.role === 'user') spam.note(sender, said.content, said.key);
    },
  };
}
