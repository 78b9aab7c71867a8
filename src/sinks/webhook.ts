/**
 * Webhooks: every event as one signed POST (standardwebhooks.com, 1.0.0; ADR 37). The receiver is not trusted: not its name, its address, its
 * certificate, its answer or its time. What it may do is to answer with a status.
 */
import { isIP } from 'node:net';
import type { FeedEvent } from '../feed/index.ts';
import { createAddressRules } from './address.ts';
import type { Network } from './address.ts';
import { AddressRefused, createCheckedLookup, resolveName } from './checked-lookup.ts';
import type { Resolve } from './checked-lookup.ts';
import { deliverInOrder } from './in-order.ts';
import { TooLate, createPostClient } from './post.ts';
import type { Answer } from './post.ts';
import { SinkSetupError, causeOf } from './setup-error.ts';
import { keyOf, signatureOf } from './signature.ts';
import { DELIVERED } from './sink.ts';
import type { Failed, Outcome, Sink } from './sink.ts';

/** Requests under way, of different keys: a receiver that takes 50 ms hears 320 events a second, and has no more than this to do at a time. */
const LANES = 16;

/** What the standard advises at most for an answer: whoever has more to do does it after answering. Milliseconds. */
const TIMEOUT_MS = 15_000;

/** The longest pause that a receiver may ask for with `Retry-After`; the feed waits meanwhile. Milliseconds. */
const MAX_PAUSE_MS = 60_000;

/** Not now, by what HTTP says of them; of a gateway as well that has nobody behind it. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

export interface WebhookSinkDeps {
  /** `https://…`, or `http://…` into a network of `allow`. A name and password in it go as Basic authorization. */
  readonly url: string;
  /** Each signs: the receiver may know any of them. */
  readonly secrets: readonly string[];
  /** Networks that may be reached although they are not public. */
  readonly allow: readonly Network[];
  readonly resolve?: Resolve;
  /** Certificates to trust in place of the system's. */
  readonly ca?: string;
  /** For one exchange. Milliseconds. */
  readonly timeout?: number;
  readonly now?: () => number;
}

/** Throws `SinkSetupError` when the address can never be reached. */
export function createWebhookSink(deps: WebhookSinkDeps): Sink {
  const { resolve = resolveName, timeout = TIMEOUT_MS, now = Date.now } = deps;
  const { url, authorization } = withoutCredentials(deps.url);
  const encrypted = url.protocol === 'https:';
  const rules = createAddressRules(deps.allow);
  const refusal = (address: string): string | undefined => rules.refusal(address, encrypted);
  refuseLiteral(url, refusal);
  const keys = deps.secrets.map(keyOf);
  const lookup = createCheckedLookup(resolve, refusal);
  const client = createPostClient({ url, lookup, connections: LANES, timeout, ca: deps.ca });
  const closing = new AbortController();
  let pausedUntil = 0;

  function headersOf({ envelope, json }: FeedEvent): Record<string, string> {
    const timestamp = Math.floor(now() / 1000);
    return {
      'content-type': 'application/json',
      'user-agent': 'switchboard',
      'webhook-id': envelope.id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf(keys, envelope.id, timestamp, json),
      ...(authorization !== undefined && { authorization }),
    };
  }

  async function send(event: FeedEvent, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return unavailable('stopped');
    const pause = pausedUntil - now();
    // A longer one comes from a clock that was set back.
    if (pause > 0 && pause <= MAX_PAUSE_MS) return unavailable('the receiver asked for a pause (Retry-After)');
    try {
      const answer = await client.post(Buffer.from(event.json), headersOf(event), signal);
      const outcome = outcomeOf(answer);
      if (outcome.type === 'unavailable') pausedUntil = Math.max(pausedUntil, now() + pauseOf(answer.retryAfter, now()));
      return outcome;
    } catch (error) {
      return failureOf(error, signal);
    }
  }

  return {
    name: 'webhook',
    batch: 1,
    lanes: LANES,
    wants: () => true,
    deliver(events, signal) {
      const stop = AbortSignal.any([signal, closing.signal]);
      return deliverInOrder(events, (event) => send(event, stop));
    },
    async close() {
      closing.abort();
      client.close();
    },
  };
}

function outcomeOf({ status }: Answer): Outcome {
  if (status >= 200 && status < 300) return DELIVERED;
  if (LATER.has(status)) return unavailable(`the receiver answered ${status}`);
  if (status >= 300 && status < 400) {
    return {
      type: 'refused',
      why: `the receiver answered ${status}, a redirect, which is not followed: set webhook-url to where it leads`,
    };
  }
  return { type: 'refused', why: `the receiver answered ${status}` };
}

/** Codes of certificates that are not accepted: OpenSSL's, and Node's own for a name that is not in it. */
const CERTIFICATE = /CERT|ISSUER|SIGN|CRL|INVALID_CA|PURPOSE|HOSTNAME/;

function failureOf(error: unknown, signal: AbortSignal): Failed {
  if (signal.aborted) return unavailable('stopped');
  if (error instanceof TooLate) return unavailable('the receiver did not answer in time');
  if (error instanceof AddressRefused) return unavailable(`the receiver may not be reached: ${error.message} (webhook-allow)`);
  const cause = causeOf(error);
  if (CERTIFICATE.test(cause)) return unavailable(`the receiver's certificate is not accepted: ${cause}`);
  if (cause.startsWith('HPE_')) return unavailable(`the receiver answered something that is not HTTP: ${cause}`);
  return unavailable(`the receiver cannot be reached: ${cause}`);
}

function unavailable(why: string): Failed {
  return { type: 'unavailable', why };
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); 0 for none. Milliseconds. */
function pauseOf(retryAfter: string | undefined, now: number): number {
  if (retryAfter === undefined) return 0;
  const pause = /^[0-9]{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return Number.isNaN(pause) ? 0 : Math.min(Math.max(pause, 0), MAX_PAUSE_MS);
}

/** The URL as it may be told to a request, which would otherwise keep the password in its errors. */
function withoutCredentials(text: string): { url: URL; authorization: string | undefined } {
  const url = new URL(text);
  const [name, password] = [url.username, url.password].map(decodeURIComponent);
  url.username = '';
  url.password = '';
  const credentials = `${name}:${password}`;
  return { url, authorization: credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** An address in place of a name is looked up by nobody, so it is checked here; the URL standard has put it into its one spelling. */
function refuseLiteral(url: URL, refusal: (address: string) => string | undefined): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const why = isIP(host) === 0 ? undefined : refusal(host);
  if (why === undefined) return;
  throw new SinkSetupError(
    `webhook-url leads to ${host}, ${why}. If events shall go there, name its network in webhook-allow, like ${host}/${isIP(host) === 4 ? 32 : 128}.`,
  );
}
