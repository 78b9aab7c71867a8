/** A moderation hook on a port of its own, that answers as a test says. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Question {
  readonly text?: string;
  readonly door: string;
  readonly editOf?: string;
  readonly sender: { readonly id: string; readonly role: string; readonly backEnd: boolean };
}

/** A verdict, or whatever else is to be done with the request. */
export type Answering = (question: Question, response: ServerResponse, request: IncomingMessage) => object | undefined;

export interface TestHook extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly Question[];
}

export async function startHook(answer: Answering): Promise<TestHook> {
  const asked: Question[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const question = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Question;
      asked.push(question);
      const verdict = answer(question, response, request);
      if (verdict !== undefined) response.end(JSON.stringify(verdict));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/judge`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
