/** The document of `/api` of a whole server, against what that server answers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSwitchboard, parseConfig } from '../../src/compose.ts';
import type { Switchboard } from '../../src/compose.ts';
import { messengerUser } from '../support/clients/messenger-rest.ts';

const data = mkdtempSync(join(tmpdir(), 'switchboard-document-'));
let board: Switchboard;
let url: string;

beforeAll(async () => {
  board = await createSwitchboard(parseConfig({ options: { port: '0', data, 'log-level': 'silent' }, env: {} }));
  ({ url } = await board.listen());
});
afterAll(async () => {
  await board.close();
  rmSync(data, { recursive: true });
});

describe('the document', () => {
  test('is one for all doors: every operation has a name of its own, and every path of it answers', async () => {
    const { body } = await messengerUser(url).get('/openapi.json');
    const operations = Object.entries(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
      ([path, methods]) => Object.entries(methods).map(([method, { operationId }]) => ({ path, method, operationId })),
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(operations.map(({ operationId }) => operationId)).toEqual(
      expect.arrayContaining(['listChats', 'createChat', 'sendChatMessage', 'changeMe', 'createConversation']),
    );
    for (const { path, method } of operations) {
      const { status, body: answer } = await messengerUser(url).send(path.slice('/api'.length).replaceAll(/\{\w+\}/g, '1'), {
        method: method.toUpperCase(),
      });
      expect([path, method, [200, 400, 401].includes(status)]).toEqual([path, method, true]);
      if (status !== 200) expect(answer.error.message).not.toMatch(/^There is nothing at/);
    }
  });
});
