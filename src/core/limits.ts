/** Every limit the core keeps, with its reason. The configuration may change each; nothing else in core reads settings. */
import type { Millis, RetentionRule } from './model.ts';
import type { Rate } from './rate-limiter.ts';
import type { SpamLimit } from './spam.ts';

export const OPERATORS_SERVE = ['all', 'assigned'] as const;

export type OperatorsServe = (typeof OPERATORS_SERVE)[number];

export interface Limits {
  /** Bytes of UTF-8 in a message text: a long letter, not a file. */
  readonly maxTextBytes: number;
  /** Bytes of a resource address: what browsers and proxies carry. */
  readonly maxUrlBytes: number;
  /** Characters of a conversation's or user's name: one line on a phone. */
  readonly maxNameLength: number;
  /** Characters of a file's name: what file systems take. */
  readonly maxFileNameLength: number;
  /** Bytes of one file: a few minutes of video. */
  readonly maxFileBytes: number;
  /** Files a user may have uploaded and not used yet: what one message is made of, many times over. */
  readonly maxUnusedFiles: number;
  /** Bytes of the same: a user who never sends anything fills no disk. */
  readonly maxUnusedBytes: number;
  /** Uploads of one user at a time: a phone sends a handful of pictures at once. */
  readonly maxUploadsPerUser: number;
  /** How long an upload waits to be used before it is removed. */
  readonly unusedFileLifetime: Millis;
  /** Characters of a conversation's notice. */
  readonly maxNoticeLength: number;
  /** Characters of an idempotency key: a UUID and room for a prefix. */
  readonly maxKeyLength: number;
  /** Members added or removed by one call: one transaction stays short. */
  readonly maxMemberChange: number;
  /** Messages on one page of history or resume. */
  readonly maxPage: number;
  /** How long after sending a message may be taken back; 0 = always. */
  readonly recallWindow: Millis;
  /** How long after sending a message may be edited; 0 = always. */
  readonly editWindow: Millis;
  /** Earlier contents kept of one message, the newest: whoever edits without end fills no disk. */
  readonly maxRevisions: number;
  /** How long a message may live at the most when it expires: ten years. */
  readonly maxExpiry: Millis;
  /** Read receipts are told to the members of groups up to this size: beyond it they would outnumber the messages. */
  readonly smallGroup: number;
  /** Messages a room keeps: its history is short. */
  readonly roomHistory: number;
  /** How long messages are kept where something else than for ever is wanted. */
  readonly retention: readonly RetentionRule[];
  /** How long is kept who did what: a year, and time to look into it. */
  readonly auditRetention: Millis;
  /** How long facts wait for those who read the feed: the longest outage of a sink that loses nothing. */
  readonly eventsRetention: Millis;
  /** Live sessions on this node: each costs memory for buffers. */
  readonly maxSessions: number;
  /** Live sessions of one user: a person's devices and tabs, with room for reconnects. */
  readonly maxSessionsPerUser: number;
  /** Rooms one session may be in. */
  readonly maxRoomsPerSession: number;
  /** How long a user stays online after the last session ended, so that a reload does not flap. */
  readonly presenceGrace: Millis;
  /** A typist who says nothing more for so long has stopped: clients say so again every few seconds. */
  readonly typingTimeout: Millis;
  /** Messages a user may send and edit in a window, and as often create and change conversations; undefined = no limit. */
  readonly rate: Rate | undefined;
  /** Messages and edits from one network address, of all users: an office or a carrier's gateway, not a flood; undefined = no limit. */
  readonly addressRate: Rate | undefined;
  /** Messages and edits of one connection, where it shall have less than its user; undefined = no limit of its own. */
  readonly connectionRate: Rate | undefined;
  /** The same content so often mutes its sender: people repeat themselves, and not so much; undefined = no limit. */
  readonly spam: SpamLimit | undefined;
  /** Visitor tokens an address may ask for in a window: an office behind one address, not a flood; undefined = no limit. */
  readonly visitorRate: Rate | undefined;
  /** Widgets of operators to whom none were assigned: all of them, or none until they are `assigned`. */
  readonly operatorsServe: OperatorsServe;
}

export const DEFAULT_LIMITS: Limits = {
  maxTextBytes: 65_536,
  maxUrlBytes: 4_096,
  maxNameLength: 128,
  maxFileNameLength: 255,
  maxFileBytes: 104_857_600,
  maxUnusedFiles: 100,
  maxUnusedBytes: 1_073_741_824,
  maxUploadsPerUser: 8,
  unusedFileLifetime: 86_400_000,
  maxNoticeLength: 4_096,
  maxKeyLength: 128,
  maxMemberChange: 1_000,
  maxPage: 100,
  recallWindow: 120_000,
  editWindow: 0,
  maxRevisions: 100,
  maxExpiry: 315_360_000_000,
  smallGroup: 256,
  roomHistory: 500,
  retention: [],
  auditRetention: 34_560_000_000,
  eventsRetention: 7 * 24 * 3_600_000,
  maxSessions: 100_000,
  maxSessionsPerUser: 100,
  maxRoomsPerSession: 100,
  presenceGrace: 5_000,
  typingTimeout: 6_000,
  rate: { messages: 10, window: 1_000 },
  addressRate: { messages: 1_000, window: 1_000 },
  connectionRate: undefined,
  spam: { times: 20, within: 30_000, mute: 60_000 },
  visitorRate: { messages: 60, window: 60_000 },
  operatorsServe: 'all',
};
