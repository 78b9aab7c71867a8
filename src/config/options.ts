/**
 * Every option, once: its name, what may be written, its default, what it is for and why a limit is where it is. Parsing, `--help`,
 * `switchboard config print` and the documentation all come from this table.
 */
import { DEFAULT_LIMITS, OPERATORS_SERVE } from '../core/index.ts';
import { apiTokens } from './api-tokens.ts';
import { EVENT_OPTIONS } from './event-options.ts';
import { BROKER_OPTIONS } from './broker-options.ts';
import { retention } from './retention.ts';
import { FILE_OPTIONS } from './file-options.ts';
import { MODERATION_OPTIONS } from './moderation-options.ts';
import { limit, option, unset } from './option.ts';
import type { Option } from './option.ts';
import { bytes, choice, duration, httpUrl, integer, list, rate, renames, webOrigin, words } from './values.ts';

/** The events of the messenger door by the names they have unless others are given (wire.md section 3). */
export const MESSENGER_EVENTS = [
  'join_chat',
  'leave_chat',
  'typing_start',
  'typing_end',
  'new_message',
  'sidebar_update',
  'chat_updated',
  'added_to_chat',
  'chat_deleted',
  'presence_update',
  'send_message',
  'mark_read',
  'sync',
] as const;

export const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** Signature algorithms of tokens. */
export type Algorithm = (typeof ALGORITHMS)[number];

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export type { Option } from './option.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 366 * DAY;
const GIB = 1024 ** 3;
const MANY = 1_000_000_000;

const core = DEFAULT_LIMITS;
const rateText = (given: typeof core.rate): string => (given === undefined ? 'off' : `${given.messages}/${given.window}`);

export const OPTIONS = {
  config: unset(
    'config',
    words('path'),
    'A JSON file with options: {"port": 8080}. The command line and the environment go before it.',
  ),
  port: option('port', integer(0, 65_535), '8080', 'The one TCP port of HTTP, WebSocket and gRPC; 0 takes any free one.'),
  host: option(
    'host',
    words('address or host name'),
    '127.0.0.1',
    'The address to listen on. 0.0.0.0 or :: opens the server to the network.',
  ),
  data: option(
    'data',
    words('folder'),
    './data',
    'Where the database and the generated secret are kept. One server at a time may use it.',
  ),
  logLevel: option('log-level', choice(LOG_LEVELS), 'info', 'The least important lines that are logged, on standard error.'),

  jwtSecret: unset(
    'jwt-secret',
    words('text'),
    'The key of HS256 user tokens: at least 32 random bytes. Not set: made on the first start and kept in the data folder. Others see the command line: better in the environment or the file.',
    { secret: true },
  ),
  jwksUrl: unset(
    'jwks-url',
    httpUrl(),
    'Where the public keys of an identity provider are (a JSON Web Key Set): its tokens are accepted too.',
  ),
  jwtIssuer: unset('jwt-issuer', words('text'), 'Tokens must have this iss. Not set: any.'),
  jwtAudience: unset('jwt-audience', list(words('text')), 'Tokens must have one of these in aud. Not set: any.'),
  jwtAlgorithms: option(
    'jwt-algorithms',
    list(choice(ALGORITHMS, 'HS256 to ES512, EdDSA')),
    'HS256,RS256,ES256,EdDSA',
    'Signature algorithms accepted: HS… only with the secret, the others only with keys of jwks-url.',
  ),
  apiToken: unset('api-token', apiTokens(), 'Tokens of back ends (header Api-Token). A bare secret may do everything.', {
    secret: true,
  }),

  rateLimit: option(
    'rate-limit',
    rate(),
    rateText(core.rate),
    'Messages and edits of one user in a time, over all connections, and as many changes of conversations: people type slower, scripts do not.',
  ),
  ...MODERATION_OPTIONS,
  visitorRateLimit: option(
    'visitor-rate-limit',
    rate(),
    rateText(core.visitorRate),
    'Tokens for anonymous visitors that one address may ask for in a time: an office behind one address, not a flood.',
  ),
  operatorsServe: option(
    'operators-serve',
    choice(OPERATORS_SERVE),
    core.operatorsServe,
    'Widgets of the support desk that an operator serves to whom none were assigned: all of them, or none until they are assigned.',
  ),
  maxTextBytes: limit(
    'max-text-bytes',
    bytes,
    [core.maxTextBytes, 1, 16 * 1024 ** 2],
    'UTF-8 bytes of one message text: a long letter, not a file.',
  ),
  maxUrlBytes: limit(
    'max-url-bytes',
    bytes,
    [core.maxUrlBytes, 64, 65_536],
    'Bytes of the address of a picture or file: what browsers and proxies carry.',
  ),
  maxNameLength: limit(
    'max-name-length',
    integer,
    [core.maxNameLength, 1, 4_096],
    "Characters of a conversation's or user's name: one line on a phone.",
  ),
  maxFileNameLength: limit(
    'max-file-name-length',
    integer,
    [core.maxFileNameLength, 16, 1_024],
    "Characters of a file's name: what file systems take.",
  ),
  ...FILE_OPTIONS,
  ...BROKER_OPTIONS,
  maxNoticeLength: limit(
    'max-notice-length',
    integer,
    [core.maxNoticeLength, 0, 65_536],
    "Characters of a conversation's notice: one screen.",
  ),
  maxKeyLength: limit(
    'max-key-length',
    integer,
    [core.maxKeyLength, 36, 1_024],
    'Characters of an idempotency key: a UUID and room for a prefix.',
  ),
  maxMemberChange: limit(
    'max-member-change',
    integer,
    [core.maxMemberChange, 1, 100_000],
    'Members added or removed by one call: one transaction stays short.',
  ),
  maxPage: limit(
    'max-page',
    integer,
    [core.maxPage, 1, 1_000],
    'Messages on one page of history or resume: one answer stays small.',
  ),
  recallWindow: limit(
    'recall-window',
    duration,
    [core.recallWindow, 0, 10 * YEAR],
    'How long after sending a message may be taken back; 0 = always.',
  ),
  editWindow: limit(
    'edit-window',
    duration,
    [core.editWindow, 0, 10 * YEAR],
    'How long after sending a message may be edited; 0 = always.',
  ),
  maxRevisions: limit(
    'max-revisions',
    integer,
    [core.maxRevisions, 0, 100_000],
    'Earlier contents kept of one message, the newest: whoever edits without end fills no disk.',
  ),
  maxExpiry: limit(
    'max-expiry',
    duration,
    [core.maxExpiry, 1_000, 100 * YEAR],
    'The longest life a sender may give an expiring message: ten years.',
  ),
  smallGroup: limit(
    'small-group',
    integer,
    [core.smallGroup, 0, 10_000],
    'Members up to which a group is told who has read: beyond it receipts would outnumber messages.',
  ),
  roomHistory: limit('room-history', integer, [core.roomHistory, 0, 1_000_000], 'Messages a room keeps: its history is short.'),
  retention: option(
    'retention',
    retention(),
    'off',
    'How long messages are kept, by namespace and kind, like default/group=30d,*/*=1y; the narrower rule counts. What is older goes. Try it first: switchboard retention --dry-run.',
  ),
  eventsRetention: limit(
    'events-retention',
    duration,
    [core.eventsRetention, 60_000, 366 * 24 * 3_600_000],
    'How long events wait for those who read them: the longest outage of a sink, and the oldest replay.',
  ),
  ...EVENT_OPTIONS,
  maxSessions: limit(
    'max-sessions',
    integer,
    [core.maxSessions, 1, 10_000_000],
    'Live connections of this server: each costs memory for its buffers.',
  ),
  maxSessionsPerUser: limit(
    'max-sessions-per-user',
    integer,
    [core.maxSessionsPerUser, 1, 100_000],
    "Live connections of one user: a person's devices and tabs, with room for reconnects.",
  ),
  maxRoomsPerSession: limit(
    'max-rooms-per-session',
    integer,
    [core.maxRoomsPerSession, 1, 100_000],
    'Rooms one connection may be in: each is one more fan-out.',
  ),
  presenceGrace: limit(
    'presence-grace',
    duration,
    [core.presenceGrace, 0, 10 * 60_000],
    'How long a user stays online after the last connection ended, so that a reload does not flap.',
  ),
  typingTimeout: limit(
    'typing-timeout',
    duration,
    [core.typingTimeout, 500, 60_000],
    'How long a typist who says nothing more is shown as typing: clients say so again every few seconds.',
  ),

  maxFrameBytes: limit(
    'max-frame-bytes',
    bytes,
    [524_288, 1_024, 64 * 1024 ** 2],
    'Bytes of one incoming WebSocket or gRPC message: the longest text, escaped, with room.',
  ),
  maxBodyBytes: limit(
    'max-body-bytes',
    bytes,
    [1_048_576, 1_024, 64 * 1024 ** 2],
    'Bytes of one HTTP request body: the longest text or the largest member change, with room.',
  ),
  maxBufferedBytes: limit(
    'max-buffered-bytes',
    bytes,
    [1_048_576, 65_536, GIB],
    'Bytes that may wait for one slow reader; beyond it the connection is cut off and may resume.',
  ),
  maxCommitBatch: limit(
    'max-commit-batch',
    integer,
    [1_024, 1, 65_536],
    'Operations in one transaction: a single commit stays short enough to wait for.',
  ),
  maxWaitingOperations: limit(
    'max-waiting-operations',
    integer,
    [65_536, 1, 10_000_000],
    'Operations that may wait for the disk; one more is refused, so that memory stays flat under overload.',
  ),
  directorySize: limit(
    'directory-size',
    integer,
    [100_000, 100, MANY],
    'Users, conversations and memberships remembered, of each: the hot path asks memory, not the disk.',
  ),
  publicUrl: unset(
    'public-url',
    httpUrl(),
    'Where clients reach this server, put before links to files. Not set: links are paths on whatever host a client talks to.',
  ),
  linkLifetime: limit(
    'link-lifetime',
    duration,
    [HOUR, 60_000, 30 * DAY],
    'How long a link to a file is good at least: whoever has it, somebody removed meanwhile too, opens the file with it. A client that shows a message later asks for a fresh one.',
  ),
  pingInterval: limit(
    'ping-interval',
    duration,
    [30_000, 1_000, 10 * 60_000],
    'How often a silent connection is asked whether it lives: below the idle limit of common proxies.',
  ),
  allowedOrigins: unset(
    'allowed-origins',
    list(webOrigin()),
    'Origins whose web pages may open Socket.IO connections, or *. Not set: pages of this server alone, by the Host they ask for or public-url.',
  ),
  messengerEvents: unset(
    'messenger-events',
    renames(MESSENGER_EVENTS),
    'Other names for Socket.IO events, for clients that have their own: new_message=message,join_chat=enter.',
  ),
  signalRate: option(
    'signal-rate',
    rate(),
    '50/1000',
    'Joins, typing signs, reads, syncs and events nobody knows that one Socket.IO connection may ask for in a time: people do few, floods do many.',
  ),
  pingTimeout: limit(
    'ping-timeout',
    duration,
    [20_000, 500, 10 * 60_000],
    'How long a Socket.IO client may take to answer a ping before it is gone.',
  ),
  connectTimeout: limit(
    'connect-timeout',
    duration,
    [10_000, 500, 5 * 60_000],
    'How long a new Socket.IO connection may take to show its token.',
  ),
  shutdownTimeout: limit(
    'shutdown-timeout',
    duration,
    [8_000, 0, 10 * 60_000],
    'How long a drain may take before what is left is cut off: below the 10 s that supervisors wait.',
  ),

  url: unset(
    'url',
    httpUrl(),
    'The running server that send, listen, history and conversation talk to. Not set: this host and port.',
    { of: 'client' },
  ),
  adminToken: unset('admin-token', words('Api-Token'), 'The Api-Token that export, erase and retention show.', {
    secret: true,
    of: 'client',
  }),
  token: unset('token', words('JWT'), 'The user token those commands show.', { secret: true, of: 'client' }),
} as const;

/** The table's rows in order, for those who do not need the types of the values. */
export const OPTION_LIST: readonly Option<unknown>[] = Object.values(OPTIONS);
