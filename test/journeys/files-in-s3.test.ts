/** A server whose files are in an S3 service: upload, message, download, recall, and the bytes are gone from there. */
import { expect, onTestFinished, test } from 'vitest';
import { picture } from '../support/pictures.ts';
import { BUCKET, KEY, startS3 } from '../support/s3.ts';
import { startServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

interface Uploaded {
  readonly url: string;
  readonly previewUrl: string;
  readonly size: number;
}

interface Sent {
  readonly id: string;
  readonly conversationId: string;
}

test('files live in the bucket as long as a message has them', async () => {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  await using server = await startServer({
    's3-endpoint': s3.endpoint,
    's3-bucket': BUCKET,
    's3-access-key': KEY,
    's3-secret-key': KEY,
  });
  await server.users(1, 2);
  const authorization = `Bearer ${tokenFor(1)}`;
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(server.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    expect(answer.ok).toBe(true);
    return answer.json();
  };

  const png = new Uint8Array(await picture(500, 250).png().toBuffer());
  const uploaded = await fetch(`${server.url}/api/files?name=a.png`, { method: 'POST', headers: { authorization }, body: png });
  const { url, previewUrl, size } = (await uploaded.json()) as Uploaded;
  expect(await s3.keys()).toHaveLength(2);

  const content = { type: 'photo', text: 'Look', resource: { url } };
  const { id, conversationId } = (await call('POST', '/api/private/2/messages', content)) as Sent;
  const whole = Buffer.from(await (await fetch(server.url + url)).arrayBuffer());
  expect(whole.length).toBe(size);
  const part = await fetch(server.url + url, { headers: { range: 'bytes=8-99' } });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 8-99/${size}`]);
  expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(8, 100))).toBe(true);
  expect((await fetch(server.url + previewUrl)).headers.get('content-type')).toBe('image/webp');

  await call('DELETE', `/api/conversations/${conversationId}/messages/${id}`);
  expect((await fetch(server.url + url)).status).toBe(404);
  await expect.poll(() => s3.keys(), { timeout: 20_000 }).toEqual([]);
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
});

test('while the service is away uploads are refused as unavailable, and messages go on', async () => {
  const s3 = await startS3();
  await using server = await startServer({
    's3-endpoint': s3.endpoint,
    's3-bucket': BUCKET,
    's3-access-key': KEY,
    's3-secret-key': KEY,
  });
  await s3.close();
  await server.users(1, 2);
  const headers = { authorization: `Bearer ${tokenFor(1)}` };
  const refused = await fetch(`${server.url}/api/files?name=a`, { method: 'POST', headers, body: 'a' });
  expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'unavailable' } }]);
  const sent = await fetch(`${server.url}/api/private/2/messages`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'hello' }),
  });
  expect(sent.status).toBe(201);
});
