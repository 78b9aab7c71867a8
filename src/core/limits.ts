/** Every limit the core keeps, with its reason. The configuration may change each; nothing else in core reads settings. */
import type { Millis, RetentionRule } from './model.ts';

export interface Limits {
  /** Bytes of UTF-8 in a message text: a long letter, not a file. */
  readonly maxTextBytes: number;
  /** Bytes of a resource address: what browsers and proxies carry. */
  readonly maxUrlBytes: number;
  /** Characters of a conversation's or user's name: one line on a phone. */
  readonly maxNameLength: number;
  /** Characters of a file's name: what file systems take. */
  readonly maxFileNameLength: number;
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
  /** How long a message may live at the most when it expires: ten years. */
  readonly maxExpiry: Millis;
  /** Read receipts are told to the members of groups up to this size: beyond it they would outnumber the messages. */
  readonly smallGroup: number;
  /** Messages a room keeps: its history is short. */
  readonly roomHistory: number;
  /** How long messages are kept where something else than for ever is wanted. */
  readonly retention: readonly RetentionRule[];
  /** Live sessions on this node: each costs memory for buffers. */
  readonly maxSessions: number;
  /** Live sessions of one user: a person's devices and tabs, with room for reconnects. */
  readonly maxSessionsPerUser: number;
  /** Rooms one session may be in. */
  readonly maxRoomsPerSession: number;
  /** How long a user stays online after the last session ended, so that a reload does not flap. */
  readonly presenceGrace: Millis;
  /** Messages a user may send in a window; undefined = no limit. */
  readonly rate: { readonly messages: number; readonly window: Millis } | undefined;
}

export const DEFAULT_LIMITS: Limits = {
  maxTextBytes: 65_536,
  maxUrlBytes: 4_096,
  maxNameLength: 128,
  maxFileNameLength: 255,
  maxNoticeLength: 4_096,
  maxKeyLength: 128,
  maxMemberChange: 1_000,
  maxPage: 100,
  recallWindow: 120_000,
  editWindow: 0,
  maxExpiry: 315_360_000_000,
  smallGroup: 256,
  roomHistory: 500,
  retention: [],
  maxSessions: 100_000,
  maxSessionsPerUser: 100,
  maxRoomsPerSession: 100,
  presenceGrace: 5_000,
  rate: { messages: 10, window: 1_000 },
};
