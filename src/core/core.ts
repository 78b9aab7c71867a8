/** What actions work with. Built once by `createChat`; an action takes it as its first argument. */
import type { Committer } from './committer.ts';
import type { DeskParts } from './desk/parts.ts';
import type { Directory } from './directory.ts';
import type { Hub } from './hub.ts';
import type { IdSource } from './ids.ts';
import type { Limits } from './limits.ts';
import type { Links } from './links.ts';
import type { Millis } from './model.ts';
import type { Moderation } from './moderation.ts';
import type { Bus, Log, Media, Meter, Passwords, Store, Tokens } from './ports.ts';
import type { Presence } from './presence.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Restrictions } from './restrictions.ts';
import type { Speech } from './speech.ts';
import type { Turns } from './turns.ts';
import type { Typing } from './typing.ts';
import type { Uploads } from './uploads.ts';

export interface Core {
  readonly store: Store;
  readonly committer: Committer;
  readonly directory: Directory;
  readonly hub: Hub;
  readonly bus: Bus;
  readonly presence: Presence;
  readonly desk: DeskParts;
  readonly typing: Typing;
  /** Who is muted or banned. */
  readonly restrictions: Restrictions;
  /** Asked before something is stored; undefined: nobody is. */
  readonly moderation: Moderation | undefined;
  /** For everything a user says. */
  readonly speech: Speech;
  /** Searches of each user. */
  readonly searches: Turns;
  /** Exports, and what retention would remove. */
  readonly reports: Turns;
  /** For creating and changing conversations: apart, so that a new group does not cost its first message. */
  readonly changeLimiter: RateLimiter;
  readonly limits: Limits;
  readonly links: Links;
  readonly media: Media;
  readonly uploads: Uploads;
  /** Ids for things that are not stored: sessions. */
  readonly ids: IdSource;
  readonly tokens: Tokens;
  readonly passwords: Passwords;
  readonly meter: Meter;
  readonly log: Log;
  readonly now: () => Millis;
}
