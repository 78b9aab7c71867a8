/** The contract of sinks over gRPC: the other side is an event handler, which forgets nothing when it is stopped. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Envelope } from '../../../src/feed/index.ts';
import { createGrpcSink } from '../../../src/sinks/grpc.ts';
import { EventHandler, SERVICES } from '../../support/event-handler.ts';
import { Gate } from '../../support/gate.ts';
import { sinkContract } from './sink-contract.ts';
import type { OtherSide } from './sink-contract.ts';

sinkContract({ name: 'grpc', utf8: true, start: startHandler });

async function startHandler(): Promise<OtherSide> {
  const taken: Envelope[] = [];
  const gate = new Gate();

  async function open(given: number): Promise<EventHandler> {
    const opened = await EventHandler.plain(SERVICES, given);
    opened.answer = async ({ message }, isCancelled) => {
      await gate.passed();
      // Whoever has given up is not told that it was taken, and so it was not.
      if (!isCancelled()) taken.push(envelopeOf(message));
      return { code: 0 };
    };
    return opened;
  }

  let handler = await open(0);
  const { port } = handler;
  return {
    open: ({ timeout }) => createGrpcSink({ url: `http://127.0.0.1:${port}`, timeout }),
    received: async () => [...taken],
    stop: () => handler[Symbol.asyncDispose](),
    async start() {
      handler = await open(port);
    },
    hang: () => gate.shut(),
    resume: () => gate.open(),
    [Symbol.asyncDispose]: () => handler[Symbol.asyncDispose](),
  };
}

/** The envelope from the JSON mapping of the message, in which 64-bit integers are texts. */
function envelopeOf(message: JsonValue): Envelope {
  const { payload, version, ...rest } = message as JsonObject;
  const sent = (payload as JsonObject)['personalChatSent'] as JsonObject | undefined;
  // An empty text is as absent.
  const whole = sent === undefined ? payload : { personalChatSent: { payload: '', ...sent } };
  return { ...rest, version: Number(version), payload: whole } as unknown as Envelope;
}
