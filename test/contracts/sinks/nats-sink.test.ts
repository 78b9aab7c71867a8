import type { Envelope } from '../../../src/feed/index.ts';
import { createNatsSink, NATS_DEFAULTS } from '../../../src/sinks/nats.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { silent } from './silent-log.ts';
import { sinkContract } from './sink-contract.ts';

sinkContract({
  name: 'NATS JetStream',
  async start() {
    const server = await startNatsServer();
    return {
      open: ({ timeout }) => createNatsSink({ url: server.url, timeout, log: silent }),
      async received() {
        const stored = await server.read(NATS_DEFAULTS.stream);
        return stored.map(({ text }) => JSON.parse(text) as Envelope);
      },
      stop: () => server.stop(),
      start: () => server.start(),
      hang: () => server.pause(),
      resume: () => server.resume(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
});
