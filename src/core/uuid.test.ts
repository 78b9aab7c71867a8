import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_ID } from './ids.ts';
import { idOfUuid, toUuid, uuidOf } from './uuid.ts';

const ids = fc.integer({ min: 1, max: MAX_ID });

describe('an id as a UUID', () => {
  test('is of version 8 and variant 10, and is read back from it in either case', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const uuid = uuidOf(id);
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect([idOfUuid(uuid), idOfUuid(uuid.toUpperCase())]).toEqual([id, id]);
      }),
    );
  });

  test('keeps the order of ids', () => {
    fc.assert(fc.property(ids, ids, (one, other) => uuidOf(one) < uuidOf(other) === one < other));
  });

  test('is told from those of others', () => {
    fc.assert(fc.property(fc.uuid(), (uuid) => idOfUuid(uuid) === undefined));
    for (const text of ['', 'x', uuidOf(1).slice(1), `${uuidOf(1)}0`, uuidOf(1).replace('-8', '-4')])
      expect(idOfUuid(text)).toBeUndefined();
  });

  test('stands for ids only: up to the last, and not for 0', () => {
    expect([uuidOf(MAX_ID), idOfUuid(uuidOf(MAX_ID))]).toEqual(['ffffffff-ffff-8fd3-b769-746368626f61', MAX_ID]);
    expect(idOfUuid('00000000-0000-8053-b769-746368626f61')).toBeUndefined();
  });
});

test('any UUID has one form', () => {
  expect(toUuid('D599CB9B-A451-4BB3-AC0C-1465B9A1C4DE')).toBe('d599cb9b-a451-4bb3-ac0c-1465b9a1c4de');
  for (const text of ['', 'd599cb9b', 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de ', 'g599cb9b-a451-4bb3-ac0c-1465b9a1c4de'])
    expect(toUuid(text)).toBeUndefined();
});
