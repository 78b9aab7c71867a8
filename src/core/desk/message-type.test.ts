import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOf } from './message-type.ts';

const EVERYBODY = undefined;

test.each<[type: string, typeRole: string | undefined, audience: string | undefined]>([
  ['standard', undefined, EVERYBODY],
  ['standard', 'user', EVERYBODY],
  ['standard', 'operator', EVERYBODY],
  ['bot', 'operator', EVERYBODY],
  ['system', 'user', 'user'],
  ['system', 'operator', 'operator'],
  ['SYSTEM', 'Operator', 'operator'],
  ['system', 'supervisor', 'supervisor'],
  ['note', undefined, 'operator'],
  ['note', 'user', 'operator'],
  ['NOTE', undefined, 'operator'],
  ['Note ', 'user', 'operator'],
  ['no\u200Bte', 'user', 'operator'],
  ['ｎｏｔｅ', undefined, 'operator'],
  ['survey', undefined, EVERYBODY],
  ['survey', 'user', EVERYBODY],
  ['survey', 'USER', EVERYBODY],
  ['survey', 'operator', 'operator'],
  ['survey', 'OPERATOR', 'operator'],
  ['survey', 'bot', 'bot'],
  ['survey', 'supervisor', 'supervisor'],
])('%j for %j', (type, typeRole, audience) => {
  expect(addressOf(type, typeRole)?.audience).toBe(audience);
});

test('a system message says for whom', () => {
  expect(addressOf('system', undefined)).toBeUndefined();
  expect(addressOf('System', undefined)).toBeUndefined();
});

test('what has a role besides users is for everybody only where its type says so', () => {
  // Without a t nothing is spelled `standard` or `bot`.
  const type = fc.string({ minLength: 1, unit: fc.constantFrom('A', 'e', 'm', 'N', 'o', 's', 'y', ' ', '-', '_', '\u200B') });
  fc.assert(
    fc.property(type, fc.constantFrom('operator', 'Operator', ' OPERATOR', 'bot', 'x'), (word, role) => {
      expect(addressOf(word, role)?.audience).toBeDefined();
    }),
  );
});
