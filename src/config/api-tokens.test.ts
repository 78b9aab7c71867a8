import { describe, expect, test } from 'vitest';
import { hashSecret } from '../core/index.ts';
import { apiTokens } from './api-tokens.ts';

const parse = (given: string) => apiTokens().parse(given);

describe('tokens of back ends', () => {
  test('a bare secret may do everything', () => {
    expect(parse('s3cret')).toEqual([{ name: 'default', hash: hashSecret('s3cret'), scopes: ['admin'] }]);
  });

  test('a name, scopes and a secret, which may have colons in it', () => {
    expect(parse('ops:users+messages:a:b')).toEqual([{ name: 'ops', hash: hashSecret('a:b'), scopes: ['users', 'messages'] }]);
  });

  test('a namespace keeps it inside', () => {
    expect(parse('ops@acme:admin:x')).toEqual([{ name: 'ops', hash: hashSecret('x'), scopes: ['admin'], namespace: 'acme' }]);
  });

  test('several, with commas between', () => {
    expect(parse('one, ops:events:two ,three').map(({ name }) => name)).toEqual(['default', 'ops', 'default-3']);
  });

  test.each([
    ['', 'has no secret in entry 1'],
    ['one,,two', 'has no secret in entry 2'],
    ['ops:users:', 'has no secret in entry 1'],
    ['ops:users', 'entry 1 must be a secret'],
    [':users:x', 'entry 1: a name has'],
    ['o p s:users:x', 'entry 1: a name has'],
    ['ops@:users:x', 'entry 1: a namespace has'],
    ['ops@a@b:users:x', 'entry 1: a namespace has'],
    ['ops::x', 'entry 1 has a scope that is not one of'],
    ['ops:users+root:x', 'entry 1 has a scope that is not one of'],
    ['ops:users:x,ops:users:y', 'two tokens named ops'],
    ['ops:users:x,web:messages:x', 'gives ops and web the same secret'],
  ])('%j is refused', (given, reason) => {
    expect(() => parse(given)).toThrow(reason);
  });
});
