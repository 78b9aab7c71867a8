/** Options of where events go: webhooks, event handlers over gRPC, a file. */
import { limit, unset } from './option.ts';
import { networks, grpcUrl, webhookSecrets, webhookUrl } from './receivers.ts';
import { bytes, integer, words } from './values.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

export const EVENT_OPTIONS = {
  webhookUrl: unset(
    'webhook-url',
    webhookUrl(),
    'Where every event is posted, signed with webhook-secret. http:// only into a network of webhook-allow. What stands in it is never shown: it may be a secret itself.',
    { secret: true },
  ),
  webhookSecret: unset(
    'webhook-secret',
    webhookSecrets(),
    'Secrets that webhooks are signed with: the receiver knows one of them. A second one beside the first while they are changed. Others see the command line: better in the environment or the file.',
    { secret: true },
  ),
  webhookAllow: unset(
    'webhook-allow',
    networks(),
    'Networks that a webhook may reach although they are private: addresses, or CIDRs like 10.1.0.0/16. Not set: the public network alone.',
  ),
  eventsGrpcUrl: unset(
    'events-grpc-url',
    grpcUrl(),
    'An event handler that is told the published events over gRPC: http:// for h2c, https:// for TLS.',
  ),
  eventsFile: unset('events-file', words('path'), 'A file that every event is appended to, one line of JSON each.'),
  eventsFileSize: limit(
    'events-file-size',
    bytes,
    [100 * MIB, 64 * KIB, 1024 ** 4],
    'Bytes from which on a new file of events is begun: what editors and tools still open.',
  ),
  eventsFileKeep: limit(
    'events-file-keep',
    integer,
    [10, 1, 100_000],
    'Ended files of events that are kept; the oldest beyond are removed, read or not, so that they fill no disk.',
  ),
} as const;
