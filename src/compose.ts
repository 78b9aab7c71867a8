/** Puts the parts together. The only file that imports every room; there is no logic in it. */
import { join } from 'node:path';
import { pino } from 'pino';
import { OWN, PREFIX, createApi, wordRefusal } from './api/index.ts';
import { createPasswords } from './auth/passwords.ts';
import { loadSecret } from './auth/secret.ts';
import { createTokens } from './auth/tokens.ts';
import { createLocalBus } from './buses/local.ts';
import { ownVersion } from './config.ts';
import type { Config } from './config.ts';
import { createChat } from './core/index.ts';
import type { Bus, Chat, Log, Store } from './core/index.ts';
import type { Door } from './doors/door.ts';
import { createEventsDoor } from './doors/events/index.ts';
import { createFilesDoor } from './doors/files/index.ts';
import { createManagementDoor } from './doors/management/index.ts';
import { createMessengerDoor } from './doors/messenger/index.ts';
import type { MessengerDoor } from './doors/messenger/index.ts';
import { createStreamDoor } from './doors/stream/index.ts';
import { createSupportDoor } from './doors/support/index.ts';
import { createListener } from './listener.ts';
import type { Listener } from './listener.ts';
import { createDiskBlobs } from './media/disk.ts';
import { openMedia } from './media/media.ts';
import { createS3Blobs } from './media/s3.ts';
import { createHttpModerator } from './moderation/http.ts';
import { createMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { openSinks, startRelays } from './sinks/index.ts';
import type { Relays, Sink } from './sinks/index.ts';
import { openSqliteStore } from './stores/sqlite.ts';

export { parseConfig } from './config.ts';
export type { Config } from './config.ts';

/** A whole server, before or after it listens. */
export interface Switchboard {
  /** Listens on the configured host and port. Rejects when the port is taken. */
  listen(): Promise<{ readonly url: string; readonly port: number }>;
  /** Drains and closes everything; what was accepted is stored. Safe to call twice. */
  close(): Promise<void>;
  /** The parts, for programs that embed the server. */
  readonly chat: Chat;
  readonly store: Store;
  readonly bus: Bus;
  readonly listener: Listener;
  /** Its `io` is the Socket.IO server. */
  readonly messenger: MessengerDoor;
  readonly metrics: Metrics;
  readonly relays: Relays;
  readonly log: Log;
}

/** Milliseconds that clients get to answer the closing of their connections. */
const CLOSE_GRACE_MS = 3_000;

/** Milliseconds that sinks get for the rest of the events: what they do not take waits in the feed. */
const RELAY_GRACE_MS = 3_000;

/** What a program that embeds the server adds to its configuration. */
export interface Additions {
  /** Sinks of its own. */
  readonly sinks?: readonly Sink[];
}

/** Builds a server from a configuration (see `parseConfig`); nothing listens yet, the data folder is taken. */
export async function createSwitchboard(config: Config, { sinks = [] }: Additions = {}): Promise<Switchboard> {
  const log = pino({ level: config.logLevel, base: null }, pino.destination(2));
  const metrics = createMetrics();
  // Before the data folder is taken: what is wrong with a sink ends the start.
  const named = await openSinks(config.sinks, log);
  const store = await openSqliteStore({ folder: config.data });
  const bus = createLocalBus();
  const secret = config.jwt.secret ?? loadSecret(config.data);
  const folder = join(config.data, 'files');
  const { s3, maxImagePixels } = config.media;
  const media = await openMedia({
    blobs: s3 === undefined ? createDiskBlobs({ folder }) : createS3Blobs(s3),
    folder: join(folder, 'incoming'),
    maxImagePixels,
  });
  const moderator = config.moderation && createHttpModerator({ ...config.moderation, maxAnswerBytes: config.maxFrameBytes });
  const chat = await createChat({
    store,
    bus,
    media,
    tokens: createTokens({ ...config.jwt, secret, log }),
    passwords: createPasswords(),
    meter: metrics.meter,
    log,
    limits: config.limits,
    links: { secret, lifetime: config.linkLifetime, origin: config.publicUrl },
    commits: config.commits,
    directorySize: config.directorySize,
    apiTokens: config.apiTokens,
    moderation: config.moderation && moderator && { ...config.moderation, moderator },
  });
  metrics.watch({ stats: () => store.stats(), waiting: () => chat.core.committer.depth });
  const relays = await startRelays({ chat, sinks: [...named, ...sinks], meter: metrics.relays, log });
  const listener = await createListener({
    maxBodyBytes: config.maxBodyBytes,
    maxFrameBytes: config.maxFrameBytes,
    maxBufferedBytes: config.maxBufferedBytes,
    metrics,
    onError: (error, where) => log.error({ err: error, where }, 'a call failed'),
    ready: async () => ({
      store: await store.stats().then(
        () => true,
        () => false,
      ),
    }),
  });
  const messenger = createMessengerDoor({
    ...config.messenger,
    chat,
    maxFrameBytes: config.maxFrameBytes,
    maxBuffered: config.maxBufferedBytes,
    pingInterval: config.pingInterval,
    publicUrl: config.publicUrl,
  });
  const doors: readonly Door[] = [
    createStreamDoor({
      chat,
      maxFrameBytes: config.maxFrameBytes,
      maxBuffered: config.maxBufferedBytes,
      pingInterval: config.pingInterval,
    }),
    createManagementDoor(),
    messenger,
    createSupportDoor({
      chat,
      maxFrameBytes: config.maxFrameBytes,
      maxBodyBytes: config.maxBodyBytes,
      maxBuffered: config.maxBufferedBytes,
      pingInterval: config.pingInterval,
      signalRate: config.messenger.signalRate,
    }),
    createFilesDoor({ chat }),
    createEventsDoor({ relays }),
  ];
  const api = createApi({ chat });
  for (const door of doors) await door.attach({ ...listener, api });
  listener.refusals(PREFIX, OWN.door, wordRefusal);
  await api.open(listener.http);

  let isListening = false;

  async function stop(): Promise<void> {
    if (isListening) log.info({ sessions: chat.core.hub.size }, 'draining');
    listener.drain();
    await chat.drain();
    await listener.close(CLOSE_GRACE_MS);
    for (const door of doors) await door.close?.();
    moderator?.close();
    await chat.core.committer.idle();
    await relays.close(RELAY_GRACE_MS);
    await bus.close();
    await store.close();
    metrics.close();
    if (isListening) log.info({}, 'closed');
  }
  let closing: Promise<void> | undefined;

  return {
    chat,
    store,
    bus,
    listener,
    messenger,
    metrics,
    relays,
    log,
    async listen() {
      const port = await listener.listen(config.port, config.host);
      const host = config.host.includes(':') ? `[${config.host}]` : config.host;
      isListening = true;
      const url = `http://${host}:${port}`;
      log.info({ version: ownVersion(), pid: process.pid, url, data: config.data, options: config.given }, 'listening');
      return { url, port };
    },
    close: () => (closing ??= stop()),
  };
}
