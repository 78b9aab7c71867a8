/** Options of what users may say, how fast and how often the same, and of who is asked before it is stored. */
import { DEFAULT_LIMITS } from '../core/index.ts';
import type { Limits, Rate, SpamLimit } from '../core/index.ts';
import { limit, option, unset } from './option.ts';
import type { Option } from './option.ts';
import { BadValue, choice, duration, httpUrl, rate, words } from './values.ts';
import type { Kind } from './values.ts';

const DAY = 86_400_000;

/** Users whom one address may stand for where nothing else is said. */
const USERS_PER_ADDRESS = 100;

/** What a rate may say at the most. */
const MAX_MESSAGES = 9_999_999;

/** More of the same than anybody says, in any of the windows. */
const MAX_TIMES = 1_000;

export const MODERATION_OPTIONS = {
  addressRateLimit: unset(
    'address-rate-limit',
    rateOrOff(),
    `Messages and edits from one network address in a time, of all its users. Not set: ${USERS_PER_ADDRESS} times rate-limit. Behind a reverse proxy everybody comes from its address: off.`,
  ),
  connectionRateLimit: unset(
    'connection-rate-limit',
    rateOrOff(),
    'Messages and edits of one connection in a time, where it shall have less than its user. Not set: off.',
  ),
  spamLimit: unset(
    'spam-limit',
    spamLimit(),
    'Whoever says the same so often within a time is muted for another: 5/30s/60s. Bots and operators are not held to it. Not set: 20/30s/60s, off where rate-limit is.',
  ),
  moderationUrl: unset(
    'moderation-url',
    httpUrl(),
    'Who is asked before what users send and edit is stored: a POST with the message, answered with pass, change or refuse. Not set: nobody. It may be a private address.',
  ),
  moderationSecret: unset(
    'moderation-secret',
    words('text'),
    'Signs what is asked, as webhooks are signed. Not set: nothing is signed.',
    {
      secret: true,
    },
  ),
  moderationTimeout: limit(
    'moderation-timeout',
    duration,
    [300, 10, 30_000],
    'How long is waited for a verdict: every message takes at least as long as its verdict.',
  ),
  moderationFailure: option(
    'moderation-failure',
    choice(['pass', 'refuse'] as const),
    'pass',
    'What applies to what nobody has judged: too late, no answer, no verdict, too much to judge.',
  ),
  moderationScope: option(
    'moderation-scope',
    choice(['users', 'all'] as const),
    'users',
    'Whose messages are judged: those of users, or those of back ends too.',
  ),
  auditRetention: limit(
    'audit-retention',
    duration,
    [DEFAULT_LIMITS.auditRetention, DAY, 100 * 366 * DAY],
    'How long is kept which back end muted, banned, erased or ended what: a year, and time to look into it.',
  ),
};

type Read = <T>(option: Option<T>) => T;

/** Where users may send without end, the limits that are not set are off as well. */
export function readSendLimits(
  read: Read,
  ofUser: Rate | undefined,
): Pick<Limits, 'rate' | 'addressRate' | 'connectionRate' | 'spam'> {
  const [address, connection, spam] = [
    read(MODERATION_OPTIONS.addressRateLimit),
    read(MODERATION_OPTIONS.connectionRateLimit),
    read(MODERATION_OPTIONS.spamLimit),
  ];
  return {
    rate: ofUser,
    addressRate: address === undefined ? ofUser && ofManyUsers(ofUser) : valueOf(address),
    connectionRate: connection === undefined ? undefined : valueOf(connection),
    spam: spam === undefined ? ofUser && DEFAULT_LIMITS.spam : valueOf(spam),
  };
}

/** Who is asked before something is stored. */
export interface ModerationConfig {
  readonly url: string;
  readonly secret: string | undefined;
  readonly timeout: number;
  readonly failure: 'pass' | 'refuse';
  readonly everybody: boolean;
}

export function readModeration(read: Read): ModerationConfig | undefined {
  const url = read(MODERATION_OPTIONS.moderationUrl);
  const rest = {
    secret: read(MODERATION_OPTIONS.moderationSecret),
    timeout: read(MODERATION_OPTIONS.moderationTimeout),
    failure: read(MODERATION_OPTIONS.moderationFailure),
    everybody: read(MODERATION_OPTIONS.moderationScope) === 'all',
  };
  return url === undefined ? undefined : { url, ...rest };
}

function ofManyUsers({ messages, window }: Rate): Rate {
  return { messages: Math.min(messages * USERS_PER_ADDRESS, MAX_MESSAGES), window };
}

function valueOf<T>(given: T | 'off'): T | undefined {
  return given === 'off' ? undefined : given;
}

function rateOrOff(): Kind<Rate | 'off'> {
  const { label, parse } = rate();
  return { label, parse: (text) => parse(text) ?? 'off' };
}

/** `times/within/mute`, or `off`. */
function spamLimit(): Kind<SpamLimit | 'off'> {
  const time = duration(1, 86_400_000 * 30);
  return {
    label: 'times/within/mute, like 5/30s/60s | off',
    parse(given) {
      if (given === 'off') return given;
      const [times = '', within = '', mute = '', ...rest] = given.split('/');
      if (!/^[1-9][0-9]{0,3}$/.test(times) || Number(times) > MAX_TIMES || Number(times) < 2 || rest.length > 0) {
        throw new BadValue(`must be times/within/mute, like 5/30s/60s, with 2 to ${MAX_TIMES} times, or off`);
      }
      return { times: Number(times), within: time.parse(within), mute: time.parse(mute) };
    },
  };
}
