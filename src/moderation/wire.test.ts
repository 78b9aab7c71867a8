import { describe, expect, test } from 'vitest';
import type { ModerationRequest } from '../core/index.ts';
import { parseVerdict, toBody } from './wire.ts';

const REQUEST: ModerationRequest = {
  namespace: 'default',
  user: 7,
  role: 'user',
  door: 'stream',
  server: false,
  place: { conversation: 12 },
  content: { kind: 'text', text: 'Hello' },
  at: Date.UTC(2026, 10, 21, 10, 15),
};

describe('the question', () => {
  test('names who says what where', () => {
    expect(JSON.parse(toBody(REQUEST))).toEqual({
      at: '2026-11-21T10:15:00.000Z',
      namespace: 'default',
      door: 'stream',
      sender: { id: '7', role: 'user', backEnd: false },
      conversationId: '12',
      type: 'text',
      text: 'Hello',
    });
  });

  test('tells of an edit, and of a file without what is ours alone', () => {
    const resource = { url: 'https://x.example/a.png', name: 'a.png', file: 99 };
    const body = toBody({ ...REQUEST, place: {}, message: 5, content: { kind: 'photo', text: 'Look', resource } });
    expect(JSON.parse(body)).toMatchObject({ editOf: '5', text: 'Look', resource: { url: resource.url, name: 'a.png' } });
    expect(body).not.toContain('99');
    expect(JSON.parse(toBody({ ...REQUEST, place: { peer: 8 } }))).toMatchObject({ recipientId: '8' });
  });
});

describe('the answer', () => {
  test.each([
    ['{"verdict":"pass","more":1}', { verdict: 'pass' }],
    ['{"verdict":"refuse"}', { verdict: 'refuse', reason: '' }],
    ['{"verdict":"refuse","reason":"No"}', { verdict: 'refuse', reason: 'No' }],
    ['{"verdict":"change","text":""}', { verdict: 'change', text: '' }],
  ])('%s is a verdict', (answer, verdict) => {
    expect(parseVerdict(answer)).toEqual(verdict);
  });

  test.each([
    '',
    'pass',
    'null',
    '[]',
    '{}',
    '"pass"',
    '{"verdict":"PASS"}',
    '{"verdict":["pass"]}',
    '{"verdict":"change"}',
    '{"verdict":"change","text":null}',
    '{"verdict":"refuse","reason":{}}',
    '{"__proto__":{"verdict":"pass"}}',
    '{"verdict":"pass"',
  ])('%j is none', (answer) => {
    expect(() => parseVerdict(answer)).toThrow(Error);
  });
});
