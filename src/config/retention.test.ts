import { describe, expect, test } from 'vitest';
import { retention } from './retention.ts';

const DAY = 86_400_000;

describe('rules of retention', () => {
  test('name a namespace, a kind and a time; * is any', () => {
    expect(retention().parse('default/group=30d, */channel=1y,a.b/*=2w,*/*=36h')).toEqual([
      { namespace: 'default', kind: 'group', keep: 30 * DAY },
      { kind: 'channel', keep: 365 * DAY },
      { namespace: 'a.b', keep: 14 * DAY },
      { keep: 1.5 * DAY },
    ]);
    expect(retention().parse('off')).toEqual([]);
  });

  test.each([
    'default=30d',
    'default/group=30',
    'default/group=30m',
    'default/crowd=30d',
    '-/group=30d',
    'default/group=0d',
    'default/group=999999y',
    'default/group=30d,',
    '*/*=1d,*/*=2d',
    Array.from({ length: 1_001 }, (_, at) => `n${at}/*=1d`).join(','),
  ])('cannot be %s', (text) => {
    expect(() => retention().parse(text)).toThrow(/^(has|says twice)/);
  });
});
