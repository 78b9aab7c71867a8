import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf } from '../../../test/support/core.ts';

describe('a profile', () => {
  test('has its name and picture changed one by one, for everybody to see', async () => {
    const { chat, users } = await openCore();
    await users(1);
    const picture = 'https://example.com/me.png';
    expect(await chat.changeProfile(actorFor(1), { picture })).toMatchObject({ id: 1, name: 'User 1', picture });
    expect(await chat.changeProfile(actorFor(1), { name: 'Alice' })).toMatchObject({ name: 'Alice', picture });
    expect(await chat.findUser('default', 1)).toMatchObject({ name: 'Alice', picture });
    expect(await chat.changeProfile(actorFor(1), {})).toMatchObject({ name: 'Alice', picture });
    expect(await chat.changeProfile(actorFor(1), { picture: '' })).not.toHaveProperty('picture');
  });

  test('is nobody’s, no guest’s, and has limits', async () => {
    const { chat, users } = await openCore({ limits: { maxNameLength: 5 } });
    await users(1);
    expect(await refusalOf(chat.changeProfile(actorFor(0, { server: true }), { name: 'x' }))).toBe('not_found');
    expect(await refusalOf(chat.changeProfile(actorFor(1, { role: 'guest' }), { name: 'x' }))).toBe('permission_denied');
    for (const name of ['123456', 'a\0', '\uD800', 'a\nb', '\u202Eab']) {
      expect(await refusalOf(chat.changeProfile(actorFor(1), { name }))).toBe('invalid_argument');
    }
  });
});
