/** Options of files: what may be uploaded, how long it stays unused, and where its bytes are kept. */
import { DEFAULT_LIMITS as core } from '../core/index.ts';
import { limit, option, unset } from './option.ts';
import { bytes, choice, duration, httpUrl, integer, words } from './values.ts';

const DAY = 86_400_000;
const GIB = 1024 ** 3;

export const FILE_OPTIONS = {
  maxFileBytes: limit(
    'max-file-bytes',
    bytes,
    [core.maxFileBytes, 1_024, 5 * GIB],
    'Bytes of one uploaded file: a few minutes of video. 5 GiB is what S3 takes at once.',
  ),
  maxImagePixels: limit(
    'max-image-pixels',
    integer,
    [64_000_000, 10_000, 1_000_000_000],
    'Pixels of an uploaded image, all frames together: a few bytes can claim more than the memory holds.',
  ),
  maxUnusedFiles: limit(
    'max-unused-files',
    integer,
    [core.maxUnusedFiles, 1, 1_000_000],
    'Files one user may have uploaded and not used in a message or picture yet.',
  ),
  maxUnusedBytes: limit(
    'max-unused-bytes',
    bytes,
    [core.maxUnusedBytes, 1_024, 1_024 * GIB],
    'Bytes of the same: a user who never sends anything fills no disk.',
  ),
  maxUploadsPerUser: limit(
    'max-uploads-per-user',
    integer,
    [core.maxUploadsPerUser, 1, 1_000],
    'Uploads of one user at a time: a phone sends a handful of pictures at once.',
  ),
  unusedFileLifetime: limit(
    'unused-file-lifetime',
    duration,
    [core.unusedFileLifetime, 1_000, 365 * DAY],
    'How long an uploaded file waits to be used in a message or picture before it is removed.',
  ),
  s3Endpoint: unset(
    's3-endpoint',
    httpUrl(),
    'Keeps the bytes of files in an S3-compatible service at this address, not in the data folder.',
  ),
  s3Bucket: unset('s3-bucket', words('name'), 'The bucket of that service; it must exist.'),
  s3Region: option('s3-region', words('name'), 'us-east-1', 'The region that requests to it are signed for.'),
  s3AccessKey: unset('s3-access-key', words('text'), 'The access key id of that service.'),
  s3SecretKey: unset(
    's3-secret-key',
    words('text'),
    'The secret access key of that service. Others see the command line: better in the environment or the file.',
    { secret: true },
  ),
  s3PathStyle: option(
    's3-path-style',
    choice(['true', 'false']),
    'true',
    'Whether the bucket stands in the path (most services of your own) or before the host name.',
  ),
} as const;
