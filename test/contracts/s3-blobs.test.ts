import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createS3Blobs } from '../../src/media/s3.ts';
import { refusalOf } from '../support/core.ts';
import { BUCKET, KEY, startS3 } from '../support/s3.ts';
import { blobsContract } from './blobs.contract.ts';

const account = { bucket: BUCKET, region: 'us-east-1', accessKey: KEY, secretKey: KEY, pathStyle: true };

blobsContract('S3', async () => {
  const server = await startS3();
  return { blobs: createS3Blobs({ ...account, endpoint: server.endpoint }), close: () => server.close() };
});

test('a wrong key, a missing bucket and a service that is away are unavailable, never missing', async () => {
  const server = await startS3();
  const hash = '0'.repeat(64);
  const wrong = createS3Blobs({ ...account, endpoint: server.endpoint, accessKey: 'another' });
  expect(await refusalOf(wrong.read(hash))).toBe('unavailable');
  expect(await refusalOf(wrong.remove(hash))).toBe('unavailable');
  await server.close();
  const away = createS3Blobs({ ...account, endpoint: server.endpoint });
  expect(await refusalOf(away.size(hash))).toBe('unavailable');
});

test('a busy service is asked again', async () => {
  const seen: string[] = [];
  const service = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.writeHead(seen.length === 1 ? 503 : 404).end();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  const blobs = createS3Blobs({ ...account, endpoint: `http://127.0.0.1:${port}` });
  expect(await blobs.size('0'.repeat(64))).toBeUndefined();
  expect(seen).toEqual(Array(2).fill(`HEAD /${BUCKET}/${'0'.repeat(64)}`));
  service.close();
  service.closeAllConnections();
});

test('the bucket stands before the host name where the service wants it so', async () => {
  const calls = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response(null, { status: 404 }));
  onTestFinished(() => calls.mockRestore());
  const blobs = createS3Blobs({ ...account, endpoint: 'https://s3.example.com/', bucket: 'files', pathStyle: false });
  await blobs.size('0'.repeat(64));
  const [[request] = []] = calls.mock.calls;
  expect((request as Request).url).toBe(`https://files.s3.example.com/${'0'.repeat(64)}`);
  expect((request as Request).headers.get('authorization')).toMatch(
    /^AWS4-HMAC-SHA256 Credential=S3RVER\/[0-9]{8}\/us-east-1\/s3\/aws4_request, /,
  );
});
