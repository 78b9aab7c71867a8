import { parseOptions } from '@node-rs/argon2';
import { describe, expect, test } from 'vitest';
import { createPasswords } from './passwords.ts';

describe('passwords', () => {
  test('are hashed with Argon2id at the cost that is promised, each with a salt of its own', async () => {
    const passwords = createPasswords();
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$/);
    expect(one).not.toBe(two);
    expect(parseOptions(one)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  });

  test('fit their hash and no other', async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash('correct horse');
    expect(await passwords.verify(hash, 'correct horse')).toBe(true);
    for (const wrong of ['', 'Correct horse', 'correct horse ', hash]) expect(await passwords.verify(hash, wrong)).toBe(false);
  });

  test('are the same however a keyboard composed the letters', async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash('caf\u00e9 au lait');
    expect(await passwords.verify(hash, 'cafe\u0301 au lait')).toBe(true);
  });

  test('where there is no hash, the answer is no, after the work of a real check', async () => {
    const passwords = createPasswords({ maxRunning: 1, maxWaiting: 1 });
    const hash = await passwords.hash('correct horse');
    // The decoy's check takes the one place: a third call finds the queue full, as behind a real check.
    const [decoy, real, refused] = await Promise.allSettled([
      passwords.verify(undefined, 'correct horse'),
      passwords.verify(hash, 'correct horse'),
      passwords.verify(hash, 'correct horse'),
    ]);
    expect(decoy).toMatchObject({ status: 'fulfilled', value: false });
    expect(real).toMatchObject({ status: 'fulfilled', value: true });
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  });

  test('more than can wait are refused at once, and those that wait are all served', async () => {
    const passwords = createPasswords({ maxRunning: 2, maxWaiting: 3 });
    const results = await Promise.allSettled(Array.from({ length: 9 }, () => passwords.hash('correct horse')));
    expect(results.map(({ status }) => status)).toEqual([...Array(5).fill('fulfilled'), ...Array(4).fill('rejected')]);
    expect(results[8]).toMatchObject({ reason: { code: 'unavailable', retryAfter: 2_000 } });
    expect(await passwords.hash('correct horse')).toMatch(/^\$argon2id\$/);
  });

  test('a stored hash that is none fails, and gives its place back', async () => {
    const passwords = createPasswords({ maxRunning: 1, maxWaiting: 1 });
    for (let at = 0; at < 3; at += 1) await expect(passwords.verify('no hash', 'x')).rejects.toThrow('Decoding failed');
    expect(await passwords.verify(undefined, 'x')).toBe(false);
  });
});
