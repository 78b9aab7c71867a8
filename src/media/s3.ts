/** Bytes as objects of an S3-compatible service, signed with AWS Signature Version 4; the key is the hash. */
import { openAsBlob } from 'node:fs';
import { AwsClient } from 'aws4fetch';
import { ChatError } from '../core/index.ts';
import type { Blobs } from './blobs.ts';

/** The service must begin to answer by then; how long an object takes depends on its size. Milliseconds. */
const ANSWER_TIMEOUT_MS = 30_000;

/** The same of a whole object on its way there: 5 GiB over a line of 100 Mbit/s. Milliseconds. */
const PUT_TIMEOUT_MS = 600_000;

/** Times a call is repeated that was answered with 429 or 5xx, with pauses that grow from 50 ms. */
const RETRIES = 3;

/** What S3 calls a body that is not there. */
const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface S3BlobsOptions {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** The bucket stands in the path, not before the host name. */
  readonly pathStyle: boolean;
}

interface Call {
  readonly method: string;
  readonly body?: Blob;
  readonly headers?: Readonly<Record<string, string>>;
}

export function createS3Blobs(options: S3BlobsOptions): Blobs {
  const client = new AwsClient({
    accessKeyId: options.accessKey,
    secretAccessKey: options.secretKey,
    region: options.region,
    service: 's3',
    retries: RETRIES,
  });
  const base = baseOf(options);

  async function call(hash: string, request: Call, timeout: number): Promise<Response> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeout);
    const headers = { 'x-amz-content-sha256': NOTHING, ...request.headers };
    try {
      return await client.fetch(`${base}/${hash}`, { ...request, headers, signal: controller.signal });
    } catch (cause) {
      throw new ChatError('unavailable', 'The store of files does not answer. Try again.', { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async put(hash, path) {
      const body = await openAsBlob(path);
      // The service compares the bytes it got with this hash.
      const answer = await call(hash, { method: 'PUT', body, headers: { 'x-amz-content-sha256': hash } }, PUT_TIMEOUT_MS);
      await answer.body?.cancel();
      if (!answer.ok) throw refused('PUT', answer.status);
    },
    async size(hash) {
      const answer = await call(hash, { method: 'HEAD' }, ANSWER_TIMEOUT_MS);
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw refused('HEAD', answer.status);
      return Number(answer.headers.get('content-length'));
    },
    async read(hash, range) {
      const headers = range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` };
      const answer = await call(hash, { method: 'GET', headers }, ANSWER_TIMEOUT_MS);
      if (answer.status === (range === undefined ? 200 : 206) && answer.body !== null) {
        return range === undefined ? answer.body : first(answer.body, range.last - range.first + 1);
      }
      await answer.body?.cancel();
      if (answer.status === 404) throw new ChatError('not_found', 'These bytes are not there.');
      throw refused('GET', answer.status);
    },
    async remove(hash) {
      const answer = await call(hash, { method: 'DELETE' }, ANSWER_TIMEOUT_MS);
      await answer.body?.cancel();
      if (!answer.ok && answer.status !== 404) throw refused('DELETE', answer.status);
    },
  };
}

/** So many bytes and no more: not every service means the same by a range that ends at 0. */
async function* first(bytes: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of bytes) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

function baseOf({ endpoint, bucket, pathStyle }: S3BlobsOptions): string {
  const root = endpoint.replace(/\/+$/, '');
  return pathStyle ? `${root}/${bucket}` : root.replace('://', `://${bucket}.`);
}

/** The details are for whoever runs the server. */
function refused(method: string, status: number): ChatError {
  const cause = new Error(`the S3 service answered ${method} with ${status}: look at its address, bucket, keys and rights`);
  return new ChatError('unavailable', 'The store of files refused. Try again later.', { cause });
}
