import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { SERVER_FRAMES } from '../../src/doors/support/wire.ts';
import { uuidOfClient } from '../desk/chats.ts';
import { messageAdded, parseSaid } from './desk-wire.ts';

const said = { text: 'Hello', client_id: 'bn1' };

test('the bare server reads a send and tells it as the documented frame, to the sender with its own name for it', () => {
  const { text, client_id: key } = parseSaid(Buffer.from(JSON.stringify({ type: 'send_message', data: said })));
  const told = { number: 1, text, chat: uuidOfClient(7), user: 7 };
  const own: unknown = JSON.parse(messageAdded({ ...told, key }));
  const others: unknown = JSON.parse(messageAdded(told));
  expect(own).toMatchObject({ type: 'message_added', data: { message: { text: 'Hello' }, client_id: 'bn1' } });
  expect(others).not.toHaveProperty('data.client_id');
  for (const frame of [own, others]) {
    expect(Value.Errors(SERVER_FRAMES.message_added, (frame as { data: unknown }).data)).toEqual([]);
  }
});
