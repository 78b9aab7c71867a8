/** Event handlers over gRPC, well and not: a real grpc-js server behind each. */
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcSink } from '../../../src/sinks/grpc.ts';
import type { GrpcSinkDeps } from '../../../src/sinks/grpc.ts';
import type { Outcome, Sink } from '../../../src/sinks/sink.ts';
import type { EventType } from '../../../src/core/index.ts';
import { EventHandler, SERVICES } from '../../support/event-handler.ts';
import type { Verdict } from '../../support/event-handler.ts';
import { feedEvent } from '../../support/feed-events.ts';
import { freePort } from '../../support/free-port.ts';
import { Receiver, pem } from '../../support/receiver.ts';

/** For calls that must be cut: what is tested never answers, so that its length decides nothing. */
const SHORT = 300;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function handler(answer?: () => Verdict): Promise<EventHandler> {
  const made = stack.use(await EventHandler.plain());
  if (answer !== undefined) made.answer = answer;
  return made;
}

function sinkTo(url: string, more: Partial<GrpcSinkDeps> = {}): Sink {
  const sink = createGrpcSink({ url, ...more });
  stack.defer(() => sink.close());
  return sink;
}

const addressOf = ({ port }: { port: number }): string => `http://127.0.0.1:${port}`;

async function one(sink: Sink, type: EventType = 'user.connected', signal = new AbortController().signal) {
  const [outcome] = await sink.deliver([feedEvent(1, type)], signal);
  return outcome;
}

const unavailable = (why: string | RegExp) => ({ type: 'unavailable', why: expect.stringMatching(why) });
const refused = (why: string | RegExp) => ({ type: 'refused', why: expect.stringMatching(why) });

describe('what is told', () => {
  it.each<[EventType, string, object]>([
    ['user.connected', 'ChatUserConnectedService', { userConnected: {} }],
    [
      'user.disconnected',
      'ChatUserDisconnectedService',
      { userDisconnected: { reason: 'server_shutdown', code: '4000', forced: true } },
    ],
    ['user.rate-limited', 'ChatUserChatRateLimitedService', { userDisconnected: { reason: 'rate_limited', code: '429' } }],
    [
      'message.sent',
      'PersonalChatPersonalChatSentService',
      {
        personalChatSent: {
          message_id: expect.stringMatching(UUID),
          sender_id: expect.stringMatching(UUID),
          target_id: expect.stringMatching(UUID),
          payload: 'Привет 👋\n"quoted"',
          target_type: 'GROUP',
          target_members: [expect.stringMatching(UUID), expect.stringMatching(UUID)],
        },
      },
    ],
  ])('%s: to its own service, the whole envelope', async (type, service, payload) => {
    const receiver = await handler();
    const sink = sinkTo(addressOf(receiver));
    const event = feedEvent(1, type);
    expect(sink.wants(event)).toBe(true);
    expect(await one(sink, type)).toEqual({ type: 'delivered' });
    // In the JSON mapping 64-bit integers are strings.
    const message = { ...event.envelope, version: '1', payload };
    expect(receiver.told).toEqual([{ service: `accelbyte.chat.chat.v1.${service}`, message }]);
  });

  it('half of a surrogate pair arrives as the sign for what cannot be written', async () => {
    const receiver = await handler();
    const event = feedEvent(1, 'message.sent');
    const json = event.json.replace('Привет', '\\ud83d');
    const outcomes = await sinkTo(addressOf(receiver)).deliver([{ ...event, json }], new AbortController().signal);
    expect(outcomes).toEqual([{ type: 'delivered' }]);
    expect(JSON.stringify(receiver.told)).toContain('"payload":"\ufffd ');
  });

  it('nothing of our own family: there is no service for it', async () => {
    const receiver = await handler();
    const sink = sinkTo(addressOf(receiver));
    expect(sink.wants(feedEvent(1, 'message.recalled'))).toBe(false);
    expect(await one(sink, 'message.recalled')).toEqual(refused('no method'));
    expect(receiver.told).toEqual([]);
  });
});

describe('what a status means', () => {
  it.each([
    ['UNAVAILABLE', 'unavailable'],
    ['DEADLINE_EXCEEDED', 'unavailable'],
    ['RESOURCE_EXHAUSTED', 'unavailable'],
    ['CANCELLED', 'unavailable'],
    ['UNIMPLEMENTED', 'refused'],
    ['INVALID_ARGUMENT', 'refused'],
    ['NOT_FOUND', 'refused'],
    ['ALREADY_EXISTS', 'refused'],
    ['PERMISSION_DENIED', 'refused'],
    ['UNAUTHENTICATED', 'refused'],
    ['FAILED_PRECONDITION', 'refused'],
    ['ABORTED', 'refused'],
    ['OUT_OF_RANGE', 'refused'],
    ['INTERNAL', 'refused'],
    ['UNKNOWN', 'refused'],
    ['DATA_LOSS', 'refused'],
  ] as const)('%s: %s, without the words of the handler', async (name, type) => {
    const outcome = await one(sinkTo(addressOf(await handler(() => ({ code: status[name] })))));
    expect(outcome).toEqual({ type, why: expect.stringContaining(name) });
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  it('a handler without the service', async () => {
    const receiver = stack.use(await EventHandler.plain(SERVICES.slice(0, 1)));
    const sink = sinkTo(addressOf(receiver));
    expect(await one(sink)).toEqual(refused('UNIMPLEMENTED'));
    expect(await one(sink, 'message.sent')).toEqual({ type: 'delivered' });
  });
});

describe('handlers that do not answer as they should', () => {
  it('nobody listens; and when somebody does, it goes on', async () => {
    const port = await freePort();
    const sink = sinkTo(`http://127.0.0.1:${port}`);
    expect(await one(sink)).toEqual(unavailable('UNAVAILABLE'));
    const receiver = stack.use(await EventHandler.plain(SERVICES, port));
    let outcome: Outcome | undefined;
    while (outcome?.type !== 'delivered') outcome = await one(sink);
    expect(receiver.told).toHaveLength(1);
  });

  it('hangs: cut by the time limit', async () => {
    const receiver = await handler(() => 'hang');
    expect(await one(sinkTo(addressOf(receiver), { timeout: SHORT }))).toEqual(unavailable('DEADLINE_EXCEEDED'));
  });

  it('takes the connection and says nothing', async () => {
    const receiver = stack.use(await Receiver.raw(() => undefined));
    expect(await one(sinkTo(addressOf(receiver), { timeout: SHORT }))).toMatchObject({ type: 'unavailable' });
  });

  it('answers megabytes', async () => {
    const receiver = await handler(() => ({ bytes: 3 * 1024 ** 2 }));
    expect(await one(sinkTo(addressOf(receiver)))).toEqual(unavailable('RESOURCE_EXHAUSTED'));
  });

  it('answers more than an Empty message, as a newer one may', async () => {
    expect(await one(sinkTo(addressOf(await handler(() => ({ bytes: 1_000 })))))).toEqual({ type: 'delivered' });
  });

  it('vanishes in the middle of a call', async () => {
    const receiver = await handler(() => 'hang');
    const outcome = one(sinkTo(addressOf(receiver)));
    await receiver.wasTold(1);
    await receiver[Symbol.asyncDispose]();
    expect(await outcome).toMatchObject({ type: 'unavailable' });
  });

  it.each([
    ['HTTP/1.1', 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'],
    ['noise', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('speaks %s', async (_, said) => {
    const receiver = stack.use(await Receiver.raw((socket) => socket.once('data', () => socket.end(said))));
    expect(await one(sinkTo(addressOf(receiver), { timeout: 2_000 }))).toMatchObject({ type: 'unavailable' });
  });

  it('is a web server: a redirect is not followed', async () => {
    const target = stack.use(await Receiver.plain());
    const receiver = stack.use(await Receiver.plain());
    receiver.reply = (response) => response.writeHead(302, { location: addressOf(target) }).end();
    expect(await one(sinkTo(addressOf(receiver), { timeout: 2_000 }))).toMatchObject({ type: 'unavailable' });
    expect(target.connections).toBe(0);
  });
});

describe('being stopped', () => {
  it('ends a call under way', async () => {
    const receiver = await handler(() => 'hang');
    const stop = new AbortController();
    const outcome = one(sinkTo(addressOf(receiver)), 'user.connected', stop.signal);
    await receiver.wasTold(1);
    stop.abort();
    expect(await outcome).toEqual(unavailable('CANCELLED'));
  });

  it('before the call asks nobody', async () => {
    const receiver = await handler();
    expect(await one(sinkTo(addressOf(receiver)), 'user.connected', AbortSignal.abort())).toEqual(unavailable('stopped'));
    expect(receiver.told).toEqual([]);
  });
});

describe('certificates', () => {
  const authority = pem('authority');

  it('by somebody who is trusted: delivered', async () => {
    const { port } = stack.use(await EventHandler.encrypted('good'));
    expect(await one(sinkTo(`https://localhost:${port}`, { ca: authority }))).toEqual({ type: 'delivered' });
  });

  it.each([
    ['by nobody who is trusted', 'good', undefined],
    ['that has ended', 'expired', authority],
  ] as const)('%s', async (_, certificate, ca) => {
    const receiver = stack.use(await EventHandler.encrypted(certificate));
    const sink = sinkTo(`https://localhost:${receiver.port}`, { timeout: 2_000, ...(ca !== undefined && { ca }) });
    expect(await one(sink)).toMatchObject({ type: 'unavailable' });
    expect(receiver.told).toEqual([]);
  });
});
