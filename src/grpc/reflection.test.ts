/** Reflection, asked by `buf curl` as a user would, and question by question. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status as Code } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { Chat, Health, ServerReflectionRequestSchema, ServerReflectionResponseSchema } from '../protobuf/index.ts';
import { frameMessage, registerHealth, registerReflection } from './index.ts';
import { TestClient } from './testing/client.ts';
import { RawClient, setting } from './testing/raw-client.ts';
import { serve } from './testing/serve.ts';
import type { TestServer } from './testing/serve.ts';

const V1 = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const V1ALPHA = '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo';

type Question = MessageInitShape<typeof ServerReflectionRequestSchema>['messageRequest'];

async function start(): Promise<TestServer> {
  const server = await serve({
    '/appootb.message.Chat/Interact': {
      kind: 'stream',
      open: (call) => ({
        message: (bytes) => {
          call.write(bytes);
        },
        halfClose: () => call.end(),
        closed() {},
      }),
    },
  });
  registerHealth(server.grpc);
  const reflection = registerReflection(server.grpc);
  reflection.registerService(Chat);
  reflection.registerService(Health);
  return server;
}

async function askAll(server: TestServer, path: string, questions: readonly Question[]) {
  using client = new TestClient(server.port);
  const stream = client.stream(path);
  for (const messageRequest of questions) {
    const request = create(ServerReflectionRequestSchema, { host: 'here', ...(messageRequest && { messageRequest }) });
    stream.call.write(Buffer.from(toBinary(ServerReflectionRequestSchema, request)));
  }
  stream.call.end();
  expect((await stream.status).code).toBe(Code.OK);
  return stream.inbox.map((bytes) => fromBinary(ServerReflectionResponseSchema, bytes));
}

/** The names of the files in the answer to one question, or the error code. */
async function filesFor(server: TestServer, question: Question): Promise<string[] | number | undefined> {
  const [answer] = await askAll(server, V1, [question]);
  const response = answer?.messageResponse;
  if (response?.case === 'errorResponse') return response.value.errorCode;
  if (response?.case !== 'fileDescriptorResponse') return undefined;
  return response.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

describe('questions', () => {
  test.each([V1, V1ALPHA])('%s lists the services, its own included', async (path) => {
    await using server = await start();
    const [answer] = await askAll(server, path, [{ case: 'listServices', value: '' }]);
    expect(answer?.validHost).toBe('here');
    expect(answer?.originalRequest?.messageRequest.case).toBe('listServices');
    const names =
      answer?.messageResponse.case === 'listServicesResponse' ? answer.messageResponse.value.service.map((s) => s.name) : [];
    expect(names).toEqual([
      'appootb.message.Chat',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
  });

  test('a file by its name comes first, what it imports after it', async () => {
    await using server = await start();
    const files = await filesFor(server, { case: 'fileByFilename', value: 'appootb/message/chat.proto' });
    expect(files).toContain('google/protobuf/timestamp.proto');
    expect(Array.isArray(files) && files[0]).toBe('appootb/message/chat.proto');
  });

  test.each([
    'appootb.message.Chat',
    'appootb.message.Chat.Interact',
    'appootb.message.Post',
    'appootb.message.Post.postmark',
    'appootb.message.Post.envelope',
    'appootb.message.PayloadType',
    'appootb.message.PAYLOAD_TYPE_SYNC',
  ])('the file that declares %s', async (symbol) => {
    await using server = await start();
    const files = await filesFor(server, { case: 'fileContainingSymbol', value: symbol });
    expect(Array.isArray(files) && files[0]).toBe('appootb/message/chat.proto');
  });

  test.each<[string, Question]>([
    ['a file', { case: 'fileByFilename', value: '../../etc/passwd' }],
    ['a symbol', { case: 'fileContainingSymbol', value: '__proto__' }],
    [
      'an extension',
      { case: 'fileContainingExtension', value: { containingType: 'appootb.message.Post', extensionNumber: 100 } },
    ],
    ['the extensions of a type', { case: 'allExtensionNumbersOfType', value: 'missing.Type' }],
  ])('%s that is not there is answered NOT_FOUND, and the call goes on', async (_name, question) => {
    await using server = await start();
    const [missing, listed] = await askAll(server, V1, [question, { case: 'listServices', value: '' }]);
    expect(missing?.messageResponse).toMatchObject({ case: 'errorResponse', value: { errorCode: Code.NOT_FOUND } });
    expect(listed?.messageResponse.case).toBe('listServicesResponse');
  });

  test('a request that asks nothing', async () => {
    await using server = await start();
    expect(await filesFor(server, undefined)).toBe(Code.INVALID_ARGUMENT);
  });

  test('a type without extensions has none', async () => {
    await using server = await start();
    const [answer] = await askAll(server, V1, [{ case: 'allExtensionNumbersOfType', value: 'appootb.message.Post' }]);
    expect(answer?.messageResponse).toMatchObject({ case: 'allExtensionNumbersResponse', value: { extensionNumber: [] } });
  });

  test('bytes that are no request end the call', async () => {
    await using server = await start();
    using client = new TestClient(server.port);
    const stream = client.stream(V1);
    stream.call.write(Buffer.from([0xff]));
    expect((await stream.status).code).toBe(Code.INVALID_ARGUMENT);
  });

  test('many questions are all answered, in order', async () => {
    await using server = await start();
    const questions = Array.from({ length: 300 }, (_, index): Question => ({
      case: 'fileByFilename',
      value: index % 2 === 0 ? 'appootb/message/chat.proto' : 'no',
    }));
    const answers = await askAll(server, V1, questions);
    expect(answers.map((answer) => answer.messageResponse.case)).toEqual(
      questions.map((_, index) => (index % 2 === 0 ? 'fileDescriptorResponse' : 'errorResponse')),
    );
  });
});

test('a client that asks and does not read is held back, not cut off', async () => {
  await using server = await start();
  const client = await new RawClient(server.port).handshake(setting(4, 0));
  client.headers(1, V1);
  const request = create(ServerReflectionRequestSchema, {
    messageRequest: { case: 'fileByFilename', value: 'appootb/message/chat.proto' },
  });
  const question = frameMessage(toBinary(ServerReflectionRequestSchema, request));
  for (let index = 0; index < 1000; index += 1) client.data(1, question);
  await client.roundTrip();
  expect(server.grpc.callCount).toBe(1);
  expect(server.events.some((event) => event.kind === 'slow_reader')).toBe(false);
  client.destroy();
});

describe('buf curl', () => {
  const run = promisify(execFile);
  const buf = new URL('../../node_modules/.bin/buf', import.meta.url).pathname;

  async function curl(server: TestServer, path: string, ...args: string[]): Promise<string> {
    const url = `http://127.0.0.1:${server.port}${path}`;
    const { stdout } = await run(buf, ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...args, url]);
    return stdout;
  }

  test.each(['grpc-v1', 'grpc-v1alpha'])('lists the methods through %s', async (protocol) => {
    await using server = await start();
    const methods = (await curl(server, '', '--list-methods', '--reflect-protocol', protocol)).trim().split('\n');
    expect(methods).toContain('appootb.message.Chat/Interact');
    expect(methods).toContain('grpc.health.v1.Health/Check');
  });

  test('calls a unary method', async () => {
    await using server = await start();
    expect(JSON.parse(await curl(server, '/grpc.health.v1.Health/Check', '-d', '{}'))).toEqual({ status: 'SERVING' });
  });

  test('is told the status of a call that fails', async () => {
    await using server = await start();
    await expect(curl(server, '/grpc.health.v1.Health/Check', '-d', '{"service": "x"}')).rejects.toMatchObject({
      stderr: expect.stringContaining('not_found'),
    });
  });

  test('calls a bidi method', async () => {
    await using server = await start();
    const output = await curl(
      server,
      '/appootb.message.Chat/Interact',
      '-d',
      '{"sn": "one", "type": 1} {"sn": "two", "type": 1}',
    );
    expect(output.match(/"sn": "\w+"/g)).toEqual(['"sn": "one"', '"sn": "two"']);
  });
});
