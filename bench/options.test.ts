import { expect, test } from 'vitest';
import { GOAL_IDS } from './goal-ids.ts';
import { OptionsError, readOptions } from './options.ts';

test('without options everything is measured at the default pace', () => {
  expect(readOptions([])).toMatchObject({ pace: { name: 'default' }, serverArgs: [], profile: false });
  expect(readOptions([])?.goals).toEqual(GOAL_IDS);
});

test('chosen goals come in the order of the list, whatever the case', () => {
  expect(readOptions(['--only', 'p1, f2', '--quick'])).toMatchObject({ goals: ['F2', 'P1'], pace: { name: 'quick' } });
});

test('server arguments are separated at spaces', () => {
  expect(readOptions(['--server-args', ' --nats-url  x '])?.serverArgs).toEqual(['--nats-url', 'x']);
});

test.each([[['--only', 'F9']], [['--only', '']], [['--quick', '--full']], [['--nonsense']]])('%j is refused', (argv) => {
  expect(() => readOptions(argv)).toThrow(OptionsError);
});

test('help is no set of options', () => {
  expect(readOptions(['--help'])).toBeUndefined();
});
