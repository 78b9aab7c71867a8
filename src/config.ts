/**
 * The configuration: one frozen object, read once at the start. Nothing else in the house looks at the environment or knows where a value
 * came from. The options are in config/options.ts.
 */
import { resolve } from 'node:path';
import type { ConfiguredToken } from './config/api-tokens.ts';
import { readModeration, readSendLimits } from './config/moderation-options.ts';
import type { ModerationConfig } from './config/moderation-options.ts';
import { OPTIONS, OPTION_LIST } from './config/options.ts';
import type { Algorithm, LogLevel, Option } from './config/options.ts';
import { gather } from './config/sources.ts';
import type { Given, Written } from './config/sources.ts';
import type { Network } from './config/receivers.ts';
import { BadValue } from './config/values.ts';
import type { ApiToken, Limits, Millis } from './core/index.ts';

export { nearest } from './config/nearest.ts';
export { OPTIONS, OPTION_LIST } from './config/options.ts';
export type { Algorithm, LogLevel, Option } from './config/options.ts';
export { variableOf } from './config/sources.ts';
export type { Given } from './config/sources.ts';
export * as kinds from './config/values.ts';
export { BadValue } from './config/values.ts';
export { ownVersion } from './config/version.ts';

export interface Config {
  /** 0 = any free one. */
  readonly port: number;
  readonly host: string;
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly logLevel: LogLevel;
  readonly jwt: {
    /** Not set: the one kept in the data folder (auth/secret.ts). */
    readonly secret: string | undefined;
    readonly jwksUrl: string | undefined;
    readonly issuer: string | undefined;
    /** A token must name one of them. */
    readonly audience: readonly string[] | undefined;
    readonly algorithms: readonly Algorithm[];
  };
  readonly apiTokens: readonly ApiToken[];
  /** What the core keeps. */
  readonly limits: Limits;
  /** Bytes of one incoming WebSocket or gRPC message. */
  readonly maxFrameBytes: number;
  /** Bytes of one HTTP request body. */
  readonly maxBodyBytes: number;
  /** Bytes that may wait for one slow reader. */
  readonly maxBufferedBytes: number;
  readonly commits: { readonly maxBatch: number; readonly maxWaiting: number };
  /** Entries of each kind the directory remembers. */
  readonly directorySize: number;
  /** Where clients reach this server, put before links to files; empty: links are paths. */
  readonly publicUrl: string;
  /** How long a link to a file is good at least. */
  readonly linkLifetime: Millis;
  readonly media: {
    /** Pixels of one image, all frames together. */
    readonly maxImagePixels: number;
    /** Not set: bytes are kept in the data folder. */
    readonly s3: S3Options | undefined;
  };
  /** Not set: nobody is asked before something is stored. */
  readonly moderation: ModerationConfig | undefined;
  /** Where events are brought; not set: not there. */
  readonly sinks: {
    readonly kafka: KafkaOptions | undefined;
    readonly nats: NatsOptions | undefined;
    readonly webhook: WebhookOptions | undefined;
    readonly grpc: { readonly url: string } | undefined;
    readonly file: EventFileOptions | undefined;
  };
  readonly pingInterval: Millis;
  /** What the Socket.IO half of the messenger door alone needs. */
  readonly messenger: {
    /** Web origins whose pages may connect besides our own; `*` is any. */
    readonly allowedOrigins: readonly string[];
    /** Events that go by another name: the name in the interface, and the other. */
    readonly eventNames: readonly (readonly [string, string])[];
    /** Requests besides sends that one connection may make. */
    readonly signalRate: Limits['rate'];
    readonly pingTimeout: Millis;
    readonly connectTimeout: Millis;
  };
  readonly shutdownTimeout: Millis;
  /** For commands that talk to a running server. */
  readonly client: {
    readonly url: string | undefined;
    readonly token: string | undefined;
    readonly adminToken: string | undefined;
  };
  /** Every option with its value in words and where it came from; secrets are masked. */
  readonly sources: readonly Setting[];
  /** Those of the options that are not at their defaults, by name; secrets are masked. For the log. */
  readonly given: Readonly<Record<string, string>>;
}

export interface S3Options {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** The bucket stands in the path, not before the host name. */
  readonly pathStyle: boolean;
}

export interface WebhookOptions {
  /** With the name and password that it may have. */
  readonly url: string;
  /** At least one; each signs. */
  readonly secrets: readonly string[];
  /** Networks that may be reached although they are private. */
  readonly allow: readonly Network[];
}

export interface EventFileOptions {
  /** Absolute. */
  readonly path: string;
  /** From this size on a new file is begun. */
  readonly maxBytes: number;
  /** Ended files that are kept. */
  readonly keep: number;
}

export interface KafkaOptions {
  readonly brokers: readonly string[];
  /** Empty: topics have none. */
  readonly prefix: string;
  /** With the events of our own family. */
  readonly own: boolean;
}

export interface NatsOptions {
  readonly url: string;
  readonly stream: string;
  readonly subject: string;
  readonly own: boolean;
}

export interface Setting {
  readonly name: string;
  /** Empty when not set. */
  readonly value: string;
  /** `default`, `--port`, `SWITCHBOARD_PORT`, `"port" in switchboard.json`. */
  readonly from: string;
}

/** The configuration cannot be used: every problem found, each naming its option, what is wrong and what to write. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Reads the configuration: `options` before `env` before the file they name before the defaults. Throws `ConfigError`. */
export function parseConfig(given: Given, now: Millis = Date.now()): Config {
  const problems: string[] = [];
  const written = gather(given, problems);

  function read<T>(option: Option<T>): T {
    const entry = written.get(option.name);
    if (entry === undefined) return option.fallback;
    try {
      if (entry.text.trim() === '') throw new BadValue(`is empty: give it a value (${option.kind.label}) or leave it out`);
      return option.kind.parse(entry.text);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      problems.push(`${entry.where} ${error.message}.`);
      return option.fallback;
    }
  }

  const config = assemble(read, now, describe(written));
  problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return freeze(config);
}

type Read = <T>(option: Option<T>) => T;

function assemble(read: Read, now: Millis, sources: readonly Setting[]): Config {
  read(OPTIONS.config);
  return {
    port: read(OPTIONS.port),
    host: read(OPTIONS.host),
    data: resolve(read(OPTIONS.data)),
    logLevel: read(OPTIONS.logLevel),
    jwt: {
      secret: read(OPTIONS.jwtSecret),
      jwksUrl: read(OPTIONS.jwksUrl),
      issuer: read(OPTIONS.jwtIssuer),
      audience: read(OPTIONS.jwtAudience),
      algorithms: read(OPTIONS.jwtAlgorithms),
    },
    apiTokens: (read(OPTIONS.apiToken) ?? []).map((token: ConfiguredToken) => ({ ...token, createdAt: now })),
    limits: readLimits(read),
    maxFrameBytes: read(OPTIONS.maxFrameBytes),
    maxBodyBytes: read(OPTIONS.maxBodyBytes),
    maxBufferedBytes: read(OPTIONS.maxBufferedBytes),
    commits: { maxBatch: read(OPTIONS.maxCommitBatch), maxWaiting: read(OPTIONS.maxWaitingOperations) },
    directorySize: read(OPTIONS.directorySize),
    publicUrl: (read(OPTIONS.publicUrl) ?? '').replace(/\/+$/, ''),
    linkLifetime: read(OPTIONS.linkLifetime),
    media: { maxImagePixels: read(OPTIONS.maxImagePixels), s3: readS3(read) },
    moderation: readModeration(read),
    sinks: { kafka: readKafka(read), nats: readNats(read), ...readReceivers(read) },
    pingInterval: read(OPTIONS.pingInterval),
    messenger: {
      allowedOrigins: read(OPTIONS.allowedOrigins) ?? [],
      eventNames: read(OPTIONS.messengerEvents) ?? [],
      signalRate: read(OPTIONS.signalRate),
      pingTimeout: read(OPTIONS.pingTimeout),
      connectTimeout: read(OPTIONS.connectTimeout),
    },
    shutdownTimeout: read(OPTIONS.shutdownTimeout),
    client: { url: read(OPTIONS.url), token: read(OPTIONS.token), adminToken: read(OPTIONS.adminToken) },
    sources,
    given: Object.fromEntries(sources.filter(({ from }) => from !== 'default').map(({ name, value }) => [name, value])),
  };
}

function readLimits(read: Read): Limits {
  return {
    maxTextBytes: read(OPTIONS.maxTextBytes),
    maxUrlBytes: read(OPTIONS.maxUrlBytes),
    maxNameLength: read(OPTIONS.maxNameLength),
    maxFileNameLength: read(OPTIONS.maxFileNameLength),
    maxFileBytes: read(OPTIONS.maxFileBytes),
    maxUnusedFiles: read(OPTIONS.maxUnusedFiles),
    maxUnusedBytes: read(OPTIONS.maxUnusedBytes),
    maxUploadsPerUser: read(OPTIONS.maxUploadsPerUser),
    unusedFileLifetime: read(OPTIONS.unusedFileLifetime),
    maxNoticeLength: read(OPTIONS.maxNoticeLength),
    maxKeyLength: read(OPTIONS.maxKeyLength),
    maxMemberChange: read(OPTIONS.maxMemberChange),
    maxPage: read(OPTIONS.maxPage),
    recallWindow: read(OPTIONS.recallWindow),
    editWindow: read(OPTIONS.editWindow),
    maxRevisions: read(OPTIONS.maxRevisions),
    maxExpiry: read(OPTIONS.maxExpiry),
    smallGroup: read(OPTIONS.smallGroup),
    roomHistory: read(OPTIONS.roomHistory),
    retention: read(OPTIONS.retention),
    auditRetention: read(OPTIONS.auditRetention),
    eventsRetention: read(OPTIONS.eventsRetention),
    maxSessions: read(OPTIONS.maxSessions),
    maxSessionsPerUser: read(OPTIONS.maxSessionsPerUser),
    maxRoomsPerSession: read(OPTIONS.maxRoomsPerSession),
    presenceGrace: read(OPTIONS.presenceGrace),
    typingTimeout: read(OPTIONS.typingTimeout),
    ...readSendLimits(read, read(OPTIONS.rateLimit)),
    visitorRate: read(OPTIONS.visitorRateLimit),
    operatorsServe: read(OPTIONS.operatorsServe),
  };
}

/** What is missing beside the endpoint is told by `contradictions`. */
function readS3(read: Read): S3Options | undefined {
  const endpoint = read(OPTIONS.s3Endpoint);
  const rest = {
    bucket: read(OPTIONS.s3Bucket) ?? '',
    region: read(OPTIONS.s3Region),
    accessKey: read(OPTIONS.s3AccessKey) ?? '',
    secretKey: read(OPTIONS.s3SecretKey) ?? '',
    pathStyle: read(OPTIONS.s3PathStyle) === 'true',
  };
  return endpoint === undefined ? undefined : { endpoint: endpoint.replace(/\/+$/, ''), ...rest };
}

/** What is missing beside an address is told by `contradictions`. */
function readReceivers(read: Read): Pick<Config['sinks'], 'webhook' | 'grpc' | 'file'> {
  const url = read(OPTIONS.webhookUrl);
  const [secrets, allow] = [read(OPTIONS.webhookSecret) ?? [], read(OPTIONS.webhookAllow) ?? []];
  const handler = read(OPTIONS.eventsGrpcUrl);
  const path = read(OPTIONS.eventsFile);
  const [maxBytes, keep] = [read(OPTIONS.eventsFileSize), read(OPTIONS.eventsFileKeep)];
  return {
    webhook: url === undefined ? undefined : { url, secrets, allow },
    grpc: handler === undefined ? undefined : { url: handler },
    file: path === undefined ? undefined : { path: resolve(path), maxBytes, keep },
  };
}

function readKafka(read: Read): KafkaOptions | undefined {
  const brokers = read(OPTIONS.kafkaBrokers);
  const rest = { prefix: read(OPTIONS.kafkaTopicPrefix) ?? '', own: read(OPTIONS.kafkaOwnEvents) === 'true' };
  return brokers === undefined ? undefined : { brokers, ...rest };
}

function readNats(read: Read): NatsOptions | undefined {
  const url = read(OPTIONS.eventsNatsUrl);
  const rest = {
    stream: read(OPTIONS.eventsNatsStream),
    subject: read(OPTIONS.eventsNatsSubject),
    own: read(OPTIONS.eventsNatsOwnEvents) === 'true',
  };
  return url === undefined ? undefined : { url, ...rest };
}

/** Values that are fine alone and cannot work together. */
function contradictions(config: Config): string[] {
  const found: string[] = [];
  const { limits, maxFrameBytes, maxBodyBytes, maxBufferedBytes } = config;
  if (maxFrameBytes < limits.maxTextBytes + 1_024) {
    found.push(`max-frame-bytes (${maxFrameBytes}) must be at least max-text-bytes + 1024: the longest text would never arrive.`);
  }
  if (maxBodyBytes < limits.maxTextBytes + 1_024) {
    found.push(`max-body-bytes (${maxBodyBytes}) must be at least max-text-bytes + 1024: the longest text would never arrive.`);
  }
  if (maxBufferedBytes < limits.maxTextBytes + 1_024) {
    found.push(
      `max-buffered-bytes (${maxBufferedBytes}) must be at least max-text-bytes + 1024: one message would cut its reader off.`,
    );
  }
  const { algorithms, jwksUrl } = config.jwt;
  if (jwksUrl === undefined && algorithms.every((algorithm) => !algorithm.startsWith('HS'))) {
    found.push('jwt-algorithms allows no HS algorithm and jwks-url is not set: no token could ever be valid.');
  }
  if (jwksUrl !== undefined && algorithms.every((algorithm) => algorithm.startsWith('HS'))) {
    found.push('jwks-url is set and jwt-algorithms allows only HS algorithms: its keys would never be used.');
  }
  const { s3 } = config.media;
  if (s3 !== undefined && [s3.bucket, s3.accessKey, s3.secretKey].includes('')) {
    found.push('s3-endpoint is set: s3-bucket, s3-access-key and s3-secret-key are needed too.');
  }
  const { webhook } = config.sinks;
  if (webhook?.secrets.length === 0) {
    found.push('webhook-url is set: webhook-secret is needed too, so that the receiver can tell our requests from others.');
  }
  if (webhook !== undefined && webhook.allow.length === 0 && webhook.url.toLowerCase().startsWith('http:')) {
    found.push(
      'webhook-url is http:// and webhook-allow is not set: unencrypted, events go to networks of your own alone. Use https://, or name the network.',
    );
  }
  return found;
}

function describe(written: ReadonlyMap<string, Written>): readonly Setting[] {
  return OPTION_LIST.map(({ name, secret, default: fallback }) => {
    const entry = written.get(name);
    const value = entry?.text ?? fallback ?? '';
    return { name, value: secret && value !== '' ? '********' : value, from: entry?.where ?? 'default' };
  });
}

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) freeze(inner);
  return Object.freeze(value);
}
