import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const known = ['port', 'host', 'data', 'max-page', 'max-key-length', 'jwt-secret'];

test.each([
  ['prot', 'port'],
  ['PORT', 'port'],
  ['ports', 'port'],
  ['hst', 'host'],
  ['max-pages', 'max-page'],
  ['jwtsecret', 'jwt-secret'],
  ['max-key-lenght', 'max-key-length'],
])('%s is most likely %s', (given, meant) => {
  expect(nearest(given, known)).toBe(meant);
});

test.each(['kafka-brokers', 'x', 'database-url', ''])('%j is near none', (given) => {
  expect(nearest(given, known)).toBeUndefined();
});
