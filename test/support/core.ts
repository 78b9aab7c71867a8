/** A core over the real embedded store in memory and the local bus, with a clock that stands still and sessions that write down what they hear. */
import { onTestFinished } from 'vitest';
import { createLocalBus } from '../../src/buses/local.ts';
import { ChatError, DEFAULT_LIMITS, createChat } from '../../src/core/index.ts';
import type {
  Actor,
  ApiToken,
  Chat,
  Claims,
  Codec,
  Conversation,
  ConversationKind,
  Delivery,
  DisconnectReason,
  Id,
  Limits,
  Log,
  Media,
  Meter,
  Millis,
  ModerationOptions,
  Passwords,
  PresenceDelivery,
  Session,
  Store,
  Tokens,
} from '../../src/core/index.ts';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { createClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { memoryMedia } from './media.ts';

export const NAMESPACE = 'default';

export interface TestCore {
  readonly chat: Chat;
  readonly store: Store;
  readonly clock: Clock;
  /** Lines of the log that are warnings or errors. */
  readonly complaints: readonly string[];
  /** What the meter was told, as `name argument argument`. */
  readonly measured: readonly string[];
  /** Makes users known by their ids, as their first token would. */
  users(...ids: readonly Id[]): Promise<void>;
  /** A group or channel of its first member; the members are made known. */
  group(members: readonly Id[], kind?: 'group' | 'channel'): Promise<Conversation>;
  room(creator: Id): Promise<Conversation>;
  /** Opens a session of a user. */
  connect(user: Id, options?: Partial<SessionOptions>): Promise<RecordingSession>;
}

export interface CoreOptions {
  readonly limits: Partial<Limits>;
  readonly apiTokens: readonly ApiToken[];
  readonly directorySize: number;
  readonly media: Media;
  readonly commits: { readonly maxBatch: number; readonly maxWaiting: number };
  readonly moderation: ModerationOptions;
  /** Puts something between the core and its store. */
  readonly around: (store: Store) => Store;
}

/** A core for the test that is running. There is no rate limit unless one is given. */
export async function openCore(options: Partial<CoreOptions> = {}): Promise<TestCore> {
  const clock = createClock();
  const store = await openSqliteStore({ folder: ':memory:', now: clock.now });
  const complaints: string[] = [];
  const measured: string[] = [];
  const chat = await createChat({
    store: options.around?.(store) ?? store,
    bus: createLocalBus(),
    media: options.media ?? memoryMedia(),
    tokens: plainTokens(clock),
    passwords: plainPasswords,
    meter: createMeter(measured),
    log: createLog(complaints),
    links: { secret: 'the secret of the tests', lifetime: 3_600_000, origin: '' },
    limits: { ...DEFAULT_LIMITS, rate: undefined, addressRate: undefined, spam: undefined, ...options.limits },
    commits: options.commits ?? { maxBatch: 500, maxWaiting: 10_000 },
    directorySize: options.directorySize ?? 1_000,
    apiTokens: options.apiTokens ?? [],
    moderation: options.moderation,
    now: clock.now,
  });
  onTestFinished(async () => {
    await chat.drain();
    await store.close();
  });
  const users = async (...ids: readonly Id[]): Promise<void> => {
    await Promise.all(
      ids.map((id) => chat.core.committer.commit({ type: 'user', namespace: NAMESPACE, id, name: `User ${id}` })),
    );
  };
  return {
    chat,
    store,
    clock,
    complaints,
    measured,
    users,
    async group(members, kind = 'group') {
      await users(...members);
      const [owner = 0, ...others] = members;
      return (await chat.createConversation(actorFor(owner), { kind, name: `A ${kind}`, members: others })).conversation;
    },
    async room(creator) {
      return (await chat.createConversation(actorFor(creator), { kind: 'room', name: 'A room', members: [] })).conversation;
    },
    async connect(user, given = {}) {
      const session = recordingSession(chat, user, given);
      await chat.openSession(session);
      return session;
    },
  };
}

/** A user who acts, without a live session unless one is named. */
export function actorFor(user: Id, rest: Partial<Actor> = {}): Actor {
  return { namespace: NAMESPACE, user, role: 'user', server: false, door: 'test', session: 0, ...rest };
}

export interface SessionOptions {
  readonly actor: Partial<Actor>;
  readonly codec: Codec;
  readonly expiresAt: Millis;
  readonly issuedAt: Millis;
  readonly token: string;
  /** Called with each delivery after it was written down. */
  readonly onDelivery: (delivery: Delivery) => void;
}

/** A session that writes down what it hears and closes itself when it is ended, as doors do. */
export interface RecordingSession extends Session {
  readonly heard: readonly Delivery[];
  /** Who came and went, apart from the rest: it is told whenever it is known, between other things. */
  readonly presences: readonly PresenceDelivery[];
  readonly frames: readonly Buffer[];
  readonly ended: readonly DisconnectReason[];
  /** What was heard since the last call. */
  take(): readonly Delivery[];
  close(): void;
}

/** One codec for all sessions that do not bring their own. */
export const PLAIN_CODEC: Codec = { name: 'plain', encode: (delivery) => Buffer.from(delivery.type) };

export function recordingSession(
  chat: Pick<Chat, 'newSessionId' | 'closeSession' | 'now'>,
  user: Id,
  options: Partial<SessionOptions> = {},
): RecordingSession {
  const id = chat.newSessionId();
  const heard: Delivery[] = [];
  const presences: PresenceDelivery[] = [];
  const frames: Buffer[] = [];
  const ended: DisconnectReason[] = [];
  let taken = 0;
  const session: RecordingSession = {
    id,
    actor: actorFor(user, { session: id, ...options.actor }),
    codec: options.codec ?? PLAIN_CODEC,
    openedAt: chat.now(),
    expiresAt: options.expiresAt ?? Infinity,
    issuedAt: options.issuedAt ?? chat.now(),
    ...(options.token !== undefined && { token: options.token }),
    address: '127.0.0.1',
    heard,
    presences,
    frames,
    ended,
    deliver(delivery, frame) {
      if (delivery.type === 'presence') presences.push(delivery);
      else {
        heard.push(delivery);
        frames.push(frame);
      }
      options.onDelivery?.(delivery);
    },
    end(reason) {
      ended.push(reason);
      chat.closeSession(session, reason);
    },
    take() {
      const fresh = heard.slice(taken);
      taken = heard.length;
      return fresh;
    },
    close: () => chat.closeSession(session, 'gone'),
  };
  return session;
}

/** Messages among deliveries, by their text. */
export function textsIn(deliveries: readonly Delivery[]): (string | undefined)[] {
  return deliveries.flatMap((delivery) => (delivery.type === 'message' ? [delivery.message.content?.text] : []));
}

export function typesIn(deliveries: readonly Delivery[]): Delivery['type'][] {
  return deliveries.map(({ type }) => type);
}

/** The code an action was refused with. */
export async function refusalOf(attempt: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (thrown) {
    if (thrown instanceof ChatError) return thrown.code;
    throw thrown;
  }
  return 'not refused';
}

export const text = (value: string): { readonly kind: 'text'; readonly text: string } => ({ kind: 'text', text: value });

export const LISTED_KINDS: readonly ConversationKind[] = ['private', 'group', 'channel', 'support'];

/** A token of the tests: its claims in the open. */
export function tokenOf(subject: string, claims: Partial<Claims> = {}): string {
  const { expiresAt = Infinity, ...rest } = claims;
  return JSON.stringify({
    subject,
    namespace: NAMESPACE,
    role: 'user',
    issuedAt: 0,
    ...rest,
    ...(expiresAt !== Infinity && { expiresAt }),
  });
}

/** Tokens whose claims are not signed: the core never looks inside one itself. */
function plainTokens(clock: Clock): Tokens {
  return {
    verify(token) {
      if (!token.startsWith('{')) return Promise.reject(new ChatError('unauthenticated', 'not a token'));
      const claims = JSON.parse(token) as Claims;
      return Promise.resolve({ ...claims, expiresAt: claims.expiresAt ?? Infinity });
    },
    mint: ({ subject, ttl, ...rest }) =>
      Promise.resolve(tokenOf(subject, { ...rest, issuedAt: clock.now(), expiresAt: clock.now() + ttl })),
  };
}

const plainPasswords: Passwords = {
  hash: (password) => Promise.resolve(`hash of ${password}`),
  verify: (hash, password) => Promise.resolve(hash === `hash of ${password}`),
};

function createLog(complaints: string[]): Log {
  return {
    debug() {},
    info() {},
    warn: (_, line) => void complaints.push(line),
    error: (_, line) => void complaints.push(line),
  };
}

function createMeter(measured: string[]): Meter {
  const note =
    (name: string) =>
    (...values: readonly (string | number)[]): void =>
      void measured.push([name, ...values].join(' '));
  return {
    committed: (batch) => note('committed')(batch),
    sent: note('sent'),
    delivered: note('delivered'),
    refused: note('refused'),
    judged: note('judged'),
    sessionOpened: note('sessionOpened'),
    sessionClosed: note('sessionClosed'),
  };
}
