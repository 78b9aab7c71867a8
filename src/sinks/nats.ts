/** Events on NATS JetStream: a subject for each topic and name, stored once by the id of the event. */
import type { Log } from '../core/index.ts';
import type { FeedEvent } from '../feed/index.ts';
import { unlessCalledOff } from './called-off.ts';
import { parseNatsAddress } from './nats-address.ts';
import type { NatsAddress } from './nats-address.ts';
import { publishInOrder } from './nats-call.ts';
import { openLink } from './nats-link.ts';
import type { Link } from './nats-link.ts';
import { reasonOf } from './reason.ts';
import type { Failed, Sink } from './sink.ts';

export interface NatsSinkOptions {
  /** `nats://host:4222`; see `parseNatsAddress`. */
  readonly url: string;
  readonly name?: string;
  /** Made when there is none of that name; one that is there is used as it is. */
  readonly stream?: string;
  /** Subjects are `<subject>.<topic>.<name>`. */
  readonly subject?: string;
  /** Whether events of our own family go there, too. */
  readonly own?: boolean;
  /** Milliseconds without an answer after which a server is taken for gone. */
  readonly timeout?: number;
  readonly log: Pick<Log, 'info'>;
}

export const NATS_DEFAULTS = { stream: 'SWITCHBOARD_EVENTS', subject: 'switchboard.events' } as const;

/** So many can be stored in one round trip: the larger the call, the less the trip counts. */
const BATCH = 1_000;
const LANES = 2;
const TIMEOUT_MS = 10_000;

export function createNatsSink(options: NatsSinkOptions): Sink {
  const { name = 'nats', own = true, timeout = TIMEOUT_MS, log } = options;
  const { stream = NATS_DEFAULTS.stream, subject = NATS_DEFAULTS.subject } = options;
  const address = toAddress(options.url);
  const closed = new AbortController();
  let link: Link | undefined;
  let opening: Promise<Link> | undefined;

  /** The link that works, or a new one; calls at the same time get the same. */
  async function linked(): Promise<Link> {
    if (link?.isOpen === true) return link;
    opening ??= openLink({ address, stream, subject, timeout }).finally(() => {
      opening = undefined;
    });
    const opened = await opening;
    if (closed.signal.aborted) opened.close();
    else if (link !== opened) log.info({ sink: name, servers: address.servers, stream }, 'connected to NATS');
    link = opened;
    return opened;
  }

  const subjectOf = ({ topic, envelope }: FeedEvent): string => `${subject}.${topic}.${envelope.name}`;

  return {
    name,
    batch: BATCH,
    lanes: LANES,
    wants: ({ topic }) => own || topic !== 'switchboard',
    async deliver(events, signal) {
      try {
        const working = await unlessCalledOff(linked, [signal, closed.signal]);
        return await publishInOrder({ link: working, events, subjectOf, timeout, signal });
      } catch (cause) {
        const failed: Failed = { type: 'unavailable', why: reasonOf(cause) };
        return events.map(() => failed);
      }
    },
    async close() {
      closed.abort();
      link?.close();
    },
  };
}

function toAddress(url: string): NatsAddress {
  const address = parseNatsAddress(url);
  if (address === undefined) throw new TypeError('the address of NATS must be nats://host:port');
  return address;
}
