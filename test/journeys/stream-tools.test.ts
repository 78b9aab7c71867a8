/** What ready-made tools see: gRPC health and reflection, and `buf curl` as a client. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { HealthCheckRequestSchema, HealthCheckResponseSchema } from '../../src/protobuf/gen/grpc/health/v1/health_pb.js';
import { webSocketText } from '../support/clients/carriers.ts';
import { GrpcClient } from '../support/clients/grpc.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, textPost } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const SERVICES = ['appootb.message.Chat', 'appootb.message.InnerChat', 'appootb.message.Room'];

interface Curl {
  readonly output: string;
  readonly errors: string;
  readonly exitCode: number | null;
}

/** Runs `buf curl`, ended early once its output is enough. */
function curl(args: readonly string[], isEnough: (output: string) => boolean = () => false): Promise<Curl> {
  const buf = join(import.meta.dirname, '../../node_modules/.bin/buf');
  // The command is a script around the program: to end both they need a process group of their own.
  const child = spawn(buf, ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let errors = '';
  let ended = false;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (ended || child.pid === undefined || !isEnough(output)) return;
    ended = true;
    process.kill(-child.pid, 'SIGKILL');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ output, errors, exitCode }));
  });
}

test('buf curl lists the services and their methods', async () => {
  const { output, errors } = await curl(['--list-methods', server.url]);
  expect(errors).toBe('');
  const methods = output.trim().split('\n');
  for (const method of [
    'appootb.message.Chat/Interact',
    'appootb.message.Chat/Send',
    'appootb.message.Room/Interact',
    'appootb.message.Room/Send',
    'appootb.message.InnerChat/Deliver',
    'appootb.message.InnerChat/Kick',
  ]) {
    expect(methods).toContain(method);
  }
});

test('buf curl sends, knowing nothing but the address', async () => {
  const [one, two] = await server.newUsers(2);
  const peer = await StreamPeer.connect(webSocketText, server, two);
  const post = JSON.stringify(textPost({ peer: two }, one, 'from a shell'));
  const token = `token: ${tokenFor(one)}`;
  const { output, errors, exitCode } = await curl(['-H', token, '-d', post, `${server.url}/appootb.message.Chat/Send`]);
  expect([errors, exitCode]).toEqual(['', 0]);
  const push = await peer.nextPush();
  expect(push.text?.content).toBe('from a shell');
  expect(JSON.parse(output)).toMatchObject({ category: 'CATEGORY_PRIVATE', uniqueId: push.postmark.unique_id });
});

test('buf curl shows a refusal', async () => {
  const post = JSON.stringify(textPost({ peer: 1 }, 1, 'x'));
  const { errors, exitCode } = await curl(['-d', post, `${server.url}/appootb.message.Chat/Send`]);
  expect(exitCode).not.toBe(0);
  expect(JSON.parse(errors)).toMatchObject({ code: 'unauthenticated' });
});

test('buf curl interacts', async () => {
  const [one, two] = await server.newUsers(2);
  const group = await server.group([one, two]);
  const speaker = await StreamPeer.connect(webSocketText, server, one);
  const mark = await speaker.send({ group }, 'waiting for you');
  const sync = '{"sn":"s","type":"PAYLOAD_TYPE_SYNC","local":{"ids":[{"category":"CATEGORY_GROUP"}]}}';
  const token = `token: ${tokenFor(two)}`;
  const url = `${server.url}/appootb.message.Chat/Interact`;
  const { output } = await curl(['-H', token, '-d', sync, url], (text) => text.includes('waiting for you'));
  expect(output).toContain(mark.unique_id);
});

test('every service is healthy until the server drains', async () => {
  await using own = await startServer();
  using client = new GrpcClient(own.port);
  const ask = async (service: string): Promise<number | undefined> => {
    const request = Buffer.from(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })));
    const { response, code } = await client.unary('/grpc.health.v1.Health/Check', request);
    return response === undefined ? -code : fromBinary(HealthCheckResponseSchema, response).status;
  };
  for (const service of ['', ...SERVICES]) expect(await ask(service)).toBe(1);
  expect(await ask('appootb.message.Nothing')).toBe(-5);
  const watching = client.stream('/grpc.health.v1.Health/Watch');
  watching.call.write(
    Buffer.from(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service: SERVICES[0] ?? '' }))),
  );
  const next = async (): Promise<number> => fromBinary(HealthCheckResponseSchema, await watching.messages.next()).status;
  expect(await next()).toBe(1);
  const closing = own.close();
  expect(await next()).toBe(2);
  expect((await watching.status).code).toBe(14);
  await closing;
});
