import { expect, test } from 'vitest';
import { shownName } from './shown-name.ts';

test('an account goes by its sign-in name, whatever it calls itself', () => {
  expect(shownName({ username: 'ada', name: 'ada' })).toEqual({ username: 'ada' });
  expect(shownName({ username: 'ada', name: '' })).toEqual({ username: 'ada' });
  expect(shownName({ username: 'mallory', name: 'ada' })).toEqual({ username: 'mallory', name: 'ada' });
});

test('who was brought by a token goes by the name in it', () => {
  expect(shownName({ name: 'Ada' })).toEqual({ username: 'Ada' });
  expect(shownName({ name: '' })).toEqual({ username: '' });
});
