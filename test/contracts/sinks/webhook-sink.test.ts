/** The contract of sinks over webhooks: the other side is a web server, which forgets nothing when it is stopped. */
import { createWebhookSink } from '../../../src/sinks/webhook.ts';
import type { Envelope } from '../../../src/feed/index.ts';
import { Receiver } from '../../support/receiver.ts';
import { Gate } from '../../support/gate.ts';
import { sinkContract } from './sink-contract.ts';
import type { OtherSide } from './sink-contract.ts';

const LOOPBACK = { address: '127.0.0.0', prefix: 8 };

sinkContract({ name: 'webhook', start: startReceiver });

async function startReceiver(): Promise<OtherSide> {
  const taken: Envelope[] = [];
  const gate = new Gate();
  let receiver = await open(0);

  async function open(port: number): Promise<Receiver> {
    const opened = await Receiver.plain(port);
    opened.reply = async (response, { body }) => {
      await gate.passed();
      // Whoever has given up is not told that it was taken, and so it was not.
      if (response.destroyed) return;
      taken.push(JSON.parse(body) as Envelope);
      response.writeHead(204).end();
    };
    return opened;
  }

  const { port } = receiver;
  const url = `http://127.0.0.1:${port}/`;
  return {
    open: ({ timeout }) => createWebhookSink({ url, secrets: ['a secret of the tests'], allow: [LOOPBACK], timeout }),
    received: async () => [...taken],
    stop: () => receiver[Symbol.asyncDispose](),
    async start() {
      receiver = await open(port);
    },
    hang: () => gate.shut(),
    resume: () => gate.open(),
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}
