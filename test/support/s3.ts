/** A real S3 server on this machine, with one bucket. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const BUCKET = 'switchboard';
/** What this server takes for its one account. */
export const KEY = 'S3RVER';

export interface S3Server {
  readonly endpoint: string;
  /** Keys of the objects that are there. */
  keys(): Promise<readonly string[]>;
  close(): Promise<void>;
}

interface Rver {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}

type RverClass = new (options: object) => Rver;

export async function startS3(): Promise<S3Server> {
  const S3rver = createRequire(import.meta.url)('s3rver') as RverClass;
  const directory = await mkdtemp(join(tmpdir(), 'switchboard-s3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    vhostBuckets: false,
    configureBuckets: [{ name: BUCKET }],
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async keys() {
      const names = await readdir(join(directory, BUCKET), { recursive: true });
      return names.filter((name) => name.endsWith('._S3rver_object')).map((name) => name.replace('._S3rver_object', ''));
    },
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
