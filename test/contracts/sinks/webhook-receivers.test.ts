/** Receivers of webhooks that answer everything they should not, and what the sink makes of it. */
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWebhookSink } from '../../../src/sinks/webhook.ts';
import type { WebhookSinkDeps } from '../../../src/sinks/webhook.ts';
import type { Resolve } from '../../../src/sinks/checked-lookup.ts';
import type { Outcome, Sink } from '../../../src/sinks/sink.ts';
import { createClock } from '../../support/clock.ts';
import { feedEvent } from '../../support/feed-events.ts';
import { Receiver, pem } from '../../support/receiver.ts';
import type { Reply } from '../../support/receiver.ts';

const LOOPBACK = { address: '127.0.0.0', prefix: 8 };
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** For exchanges that must be cut: what is tested never answers, so that its length decides nothing. */
const SHORT = 300;
const MIB = 1024 ** 2;

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function plain(reply?: Reply): Promise<Receiver> {
  const receiver = stack.use(await Receiver.plain());
  if (reply !== undefined) receiver.reply = reply;
  return receiver;
}

function sinkTo(url: string, more: Partial<WebhookSinkDeps> = {}): Sink {
  const sink = createWebhookSink({ url, secrets: [SECRET], allow: [LOOPBACK], ...more });
  stack.defer(() => sink.close());
  return sink;
}

const addressOf = (receiver: Receiver): string => `http://127.0.0.1:${receiver.port}/hooks?of=tests`;

async function one(sink: Sink, signal = new AbortController().signal): Promise<Outcome | undefined> {
  const [outcome] = await sink.deliver([feedEvent(1)], signal);
  return outcome;
}

const unavailable = (why: string | RegExp) => ({ type: 'unavailable', why: expect.stringMatching(why) });
const refused = (why: string | RegExp) => ({ type: 'refused', why: expect.stringMatching(why) });

describe('what is sent', () => {
  it('is the envelope with its id, the time and a signature of the standard', async () => {
    const receiver = await plain();
    const clock = createClock();
    expect(await one(sinkTo(addressOf(receiver), { now: clock.now }))).toEqual({ type: 'delivered' });
    const [{ headers, body, path } = { headers: {}, body: '', path: '' }] = receiver.received;
    const event = feedEvent(1);
    expect({ body, path }).toEqual({ body: event.json, path: '/hooks?of=tests' });
    const seconds = String(clock.now() / 1000);
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const signature = createHmac('sha256', key).update(`${event.envelope.id}.${seconds}.${event.json}`).digest('base64');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': event.envelope.id,
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${signature}`,
    });
    expect(headers.authorization).toBeUndefined();
  });

  it('is signed with every secret, while they are changed', async () => {
    const receiver = await plain();
    await one(sinkTo(addressOf(receiver), { secrets: [SECRET, 'the words of another secret'] }));
    expect(receiver.received[0]?.headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
  });

  it('has the name and password of the URL as authorization, and they are in no outcome', async () => {
    const receiver = await plain((response) => response.writeHead(500).end());
    const sink = sinkTo(addressOf(receiver).replace('//', '//ada:pass%20word@'));
    const outcome = await one(sink);
    expect(receiver.received[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ada:pass word').toString('base64')}`);
    await receiver[Symbol.asyncDispose]();
    const outcomes = JSON.stringify([outcome, await one(sink), sink.name]);
    expect(outcomes).toMatch(/refused.*unavailable/);
    expect(outcomes).not.toMatch(/pass|ada|hooks|tests/);
  });

  it('goes over one connection while it is good', async () => {
    const receiver = await plain();
    const sink = sinkTo(addressOf(receiver));
    for (let at = 0; at < 5; at += 1) expect(await one(sink)).toEqual({ type: 'delivered' });
    expect(receiver.connections).toBe(1);
  });
});

describe('what the status means', () => {
  it.each([200, 201, 202, 204, 299])('%i: delivered', async (status) => {
    expect(await one(sinkTo(addressOf(await plain((response) => response.writeHead(status).end()))))).toEqual({
      type: 'delivered',
    });
  });

  it.each([408, 425, 429, 502, 503, 504])('%i: not now', async (status) => {
    const sink = sinkTo(addressOf(await plain((response) => response.writeHead(status).end())));
    expect(await one(sink)).toEqual(unavailable(`answered ${status}`));
  });

  it.each([400, 401, 403, 404, 410, 413, 422, 500, 501, 505, 599])('%i: refused', async (status) => {
    const sink = sinkTo(addressOf(await plain((response) => response.writeHead(status).end())));
    expect(await one(sink)).toEqual(refused(`answered ${status}`));
  });

  it.each([300, 301, 302, 303, 304, 307, 308])('%i: refused, and not followed', async (status) => {
    const target = await plain();
    const location = addressOf(target);
    const sink = sinkTo(addressOf(await plain((response) => response.writeHead(status, { location }).end())));
    expect(await one(sink)).toEqual(refused(`answered ${status}, a redirect, which is not followed`));
    expect(target.connections).toBe(0);
  });
});

describe('Retry-After', () => {
  it.each([
    ['seconds', '30', 30_000],
    ['a date', new Date(createClock().now() + 20_000).toUTCString(), 20_000],
    ['more than a feed can wait', '86400', 60_000],
  ])('%s: nobody is asked before', async (_, retryAfter, pause) => {
    const clock = createClock();
    const receiver = await plain((response) => response.writeHead(429, { 'retry-after': retryAfter }).end());
    const sink = sinkTo(addressOf(receiver), { now: clock.now });
    expect(await one(sink)).toEqual(unavailable('answered 429'));
    receiver.reply = (response) => response.writeHead(200).end();
    clock.advance(pause - 1);
    expect(await one(sink)).toEqual(unavailable('asked for a pause'));
    expect(receiver.received).toHaveLength(1);
    clock.advance(1);
    expect(await one(sink)).toEqual({ type: 'delivered' });
  });

  it.each(['soon', '-1', '0', '1e9', new Date(0).toUTCString()])('%s is no pause', async (retryAfter) => {
    const receiver = await plain((response) => response.writeHead(503, { 'retry-after': retryAfter }).end());
    const sink = sinkTo(addressOf(receiver), { now: createClock().now });
    expect([await one(sink), await one(sink)]).toEqual([unavailable('answered 503'), unavailable('answered 503')]);
  });

  it('is over when the clock is set back', async () => {
    const clock = createClock();
    const receiver = await plain((response) => response.writeHead(429, { 'retry-after': '30' }).end());
    const sink = sinkTo(addressOf(receiver), { now: clock.now });
    await one(sink);
    clock.advance(-3_600_000);
    expect(await one(sink)).toEqual(unavailable('answered 429'));
  });
});

describe('receivers that do not answer as they should', () => {
  it('nobody listens', async () => {
    const receiver = await Receiver.plain();
    const sink = sinkTo(addressOf(receiver));
    await receiver[Symbol.asyncDispose]();
    expect(await one(sink)).toEqual(unavailable('cannot be reached: ECONNREFUSED'));
  });

  it('hangs before it answers', async () => {
    expect(await one(sinkTo(addressOf(await plain(() => undefined)), { timeout: SHORT }))).toEqual(unavailable('in time'));
  });

  it('hangs in the middle of the headers, or sends them a byte at a time', async () => {
    const receiver = stack.use(
      await Receiver.raw((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
        const drip = setInterval(() => socket.write('a'), 20);
        socket.on('close', () => clearInterval(drip));
      }),
    );
    expect(await one(sinkTo(addressOf(receiver), { timeout: SHORT }))).toEqual(unavailable('in time'));
  });

  it('never stops saying that it will answer', async () => {
    const receiver = stack.use(
      await Receiver.raw((socket) => {
        const drip = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
        socket.on('close', () => clearInterval(drip));
      }),
    );
    expect(await one(sinkTo(addressOf(receiver), { timeout: SHORT }))).toEqual(unavailable('in time'));
  });

  it('has said 200 and never comes to the end of its answer: it has the event, and the connection is cut', async () => {
    const closed = Promise.withResolvers<void>();
    const receiver = await plain((response) => {
      response.on('close', closed.resolve);
      response.writeHead(200).write('and then ');
    });
    expect(await one(sinkTo(addressOf(receiver), { timeout: SHORT }))).toEqual({ type: 'delivered' });
    await closed.promise;
  });

  it('answers megabytes without end: a few kilobytes are read', async () => {
    let taken = 0;
    const closed = Promise.withResolvers<void>();
    const receiver = await plain((response) => {
      response.on('close', closed.resolve).on('error', () => undefined);
      response.writeHead(200);
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536), () => (taken += 65_536)));
        response.once('drain', more);
      };
      more();
    });
    expect(await one(sinkTo(addressOf(receiver)))).toEqual({ type: 'delivered' });
    await closed.promise;
    // What the sockets of both sides hold is on top of what was read.
    expect(taken).toBeLessThan(16 * MIB);
  });

  it('answers megabytes of headers', async () => {
    const receiver = stack.use(
      await Receiver.raw((socket) => socket.write(`HTTP/1.1 200 OK\r\nx-large: ${'a'.repeat(2 * MIB)}\r\n\r\n`)),
    );
    expect(await one(sinkTo(addressOf(receiver)))).toEqual(unavailable('not HTTP: HPE_HEADER_OVERFLOW'));
  });

  it('answers something that is not HTTP', async () => {
    const receiver = stack.use(await Receiver.raw((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n')));
    expect(await one(sinkTo(addressOf(receiver)))).toEqual(unavailable('not HTTP: HPE_'));
  });

  it('wants to speak another protocol', async () => {
    const reply = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n';
    const receiver = stack.use(await Receiver.raw((socket) => socket.write(reply)));
    expect(await one(sinkTo(addressOf(receiver), { timeout: SHORT }))).toMatchObject({ type: 'unavailable' });
  });

  it.each([
    ['before the answer', ''],
    ['in the middle of the status', 'HTTP/1.1 20'],
    ['in the middle of the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ])('closes %s', async (_, said) => {
    const receiver = stack.use(await Receiver.raw((socket) => socket.once('data', () => socket.end(said))));
    expect(await one(sinkTo(addressOf(receiver)))).toMatchObject({ type: 'unavailable' });
  });

  it('closes in the middle of the body: the status has been said', async () => {
    const said = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort';
    const receiver = stack.use(await Receiver.raw((socket) => socket.once('data', () => socket.end(said))));
    expect(await one(sinkTo(addressOf(receiver)))).toEqual({ type: 'delivered' });
  });

  it('resets the connection', async () => {
    const receiver = stack.use(await Receiver.raw((socket) => socket.once('data', () => socket.resetAndDestroy())));
    expect(await one(sinkTo(addressOf(receiver)))).toEqual(unavailable('cannot be reached: ECONNRESET'));
  });

  it('is well again afterwards', async () => {
    const receiver = await plain((response) => response.destroy());
    const sink = sinkTo(addressOf(receiver));
    expect(await one(sink)).toMatchObject({ type: 'unavailable' });
    receiver.reply = (response) => response.writeHead(200).end();
    expect(await one(sink)).toEqual({ type: 'delivered' });
  });
});

describe('being stopped', () => {
  it('ends a request under way', async () => {
    const receiver = await plain(() => undefined);
    const stop = new AbortController();
    const outcome = one(sinkTo(addressOf(receiver)), stop.signal);
    await receiver.hasReceived(1);
    stop.abort();
    expect(await outcome).toEqual(unavailable('stopped'));
  });

  it('before the request asks nobody', async () => {
    const receiver = await plain();
    expect(await one(sinkTo(addressOf(receiver)), AbortSignal.abort())).toEqual(unavailable('stopped'));
    expect(receiver.connections).toBe(0);
  });
});

describe('addresses', () => {
  const answer =
    (...addresses: string[]): Resolve =>
    (_, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );

  it.each(['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:7f00:1]', '169.254.169.254', '10.0.0.1'])(
    '%s in the URL is told at the start, with what to do',
    (host) => {
      expect(() => createWebhookSink({ url: `https://${host}/`, secrets: [SECRET], allow: [] })).toThrow(
        /^webhook-url leads to \S+, a \S+ address. .* webhook-allow/,
      );
    },
  );

  it('a public address in the URL takes https:// alone', () => {
    const deps = { secrets: [SECRET], allow: [] };
    expect(() => createWebhookSink({ ...deps, url: 'http://93.184.215.14/' })).toThrow(/only https:/);
    expect(() => createWebhookSink({ ...deps, url: 'https://93.184.215.14/' })).not.toThrow();
  });

  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['169.254.169.254', 'a link-local address'],
    ['fd00:ec2::254', 'a unique-local address'],
    ['0.0.0.0', 'an unspecified address'],
  ])('a name that leads to %s is not followed', async (address, why) => {
    const receiver = await plain();
    const sink = sinkTo(`https://hooks.test:${receiver.port}/`, { allow: [], resolve: answer(address) });
    expect(await one(sink)).toEqual(unavailable(`its name leads to ${why} \\(webhook-allow\\)`));
    expect(receiver.connections).toBe(0);
  });

  it('of several addresses of a name only those that may be reached are tried', async () => {
    const receiver = await plain();
    const resolve = answer('10.0.0.1', '169.254.169.254', '127.0.0.1', '::1');
    expect(await one(sinkTo(`http://hooks.test:${receiver.port}/`, { resolve }))).toEqual({ type: 'delivered' });
    expect(receiver.received[0]?.headers.host).toBe(`hooks.test:${receiver.port}`);
  });

  it('a name that is answered otherwise a moment later: what is connected to is what was checked', async () => {
    const [allowed, forbidden] = [
      await plain((response) => response.writeHead(200, { connection: 'close' }).end()),
      await plain(),
    ];
    let asked = 0;
    // The first answer passes; each following one would lead to the machine itself under another address.
    const resolve: Resolve = (host, done) => {
      asked += 1;
      answer(asked === 1 ? '127.0.0.1' : '127.0.0.2')(host, done);
    };
    const deps = { allow: [{ address: '127.0.0.1', prefix: 32 }], resolve };
    const sink = sinkTo(`http://hooks.test:${allowed.port}/`, deps);
    expect(await one(sink)).toEqual({ type: 'delivered' });
    // Asked once for a connection: there is no second answer to slip in between.
    expect(asked).toBe(1);
    expect(await one(sink)).toEqual(unavailable('a loopback address'));
    expect(asked).toBe(2);
    expect([allowed.received.length, forbidden.connections]).toEqual([1, 0]);
  });

  it('a name that nobody knows, or that has no address', async () => {
    const unknown: Resolve = (_, done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    expect(await one(sinkTo('https://hooks.test/', { resolve: unknown }))).toEqual(unavailable('ENOTFOUND'));
    expect(await one(sinkTo('https://hooks.test/', { resolve: answer() }))).toEqual(unavailable('leads to no address'));
  });

  it('a name server that never answers', async () => {
    const sink = sinkTo('https://hooks.test/', { resolve: () => undefined, timeout: SHORT });
    expect(await one(sink)).toEqual(unavailable('in time'));
  });

  it('plain HTTP goes to networks that were named alone', async () => {
    expect(await one(sinkTo('http://hooks.test/', { resolve: answer('93.184.215.14') }))).toEqual(unavailable('only https://'));
  });
});

describe('certificates', () => {
  const resolve: Resolve = (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
  const authority = pem('authority');

  it('of the name, by somebody who is trusted: delivered', async () => {
    const receiver = stack.use(await Receiver.encrypted('good'));
    const sink = sinkTo(`https://hooks.test:${receiver.port}/`, { resolve, ca: authority });
    expect(await one(sink)).toEqual({ type: 'delivered' });
    expect(await one(sink)).toEqual({ type: 'delivered' });
    expect(receiver.connections).toBe(1);
  });

  it.each([
    ['by nobody who is trusted', 'good', 'hooks.test', undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['of another name', 'good', 'other.test', authority, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has ended', 'expired', 'hooks.test', authority, 'CERT_HAS_EXPIRED'],
  ] as const)('%s', async (_, certificate, host, ca, code) => {
    const receiver = stack.use(await Receiver.encrypted(certificate));
    const sink = sinkTo(`https://${host}:${receiver.port}/`, { resolve, ...(ca !== undefined && { ca }) });
    expect(await one(sink)).toEqual(unavailable(`certificate is not accepted: ${code}`));
    expect(receiver.received).toEqual([]);
  });

  it('none at all: whoever speaks plain HTTP where TLS was asked for', async () => {
    const receiver = await plain();
    const sink = sinkTo(`https://hooks.test:${receiver.port}/`, { resolve });
    expect(await one(sink)).toMatchObject({ type: 'unavailable' });
    expect(receiver.received).toEqual([]);
  });
});
