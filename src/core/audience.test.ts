import { describe, expect, test } from 'vitest';
import { openCore } from '../../test/support/core.ts';
import { selectSessions } from './audience.ts';
import type { Audience } from './events.ts';

describe('the audience a back end names', () => {
  test('is found by session, by tag, and by the beginning of a tag, within its namespace', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const room = await core.room(1);
    const [one, again, two, foreign] = [
      await core.connect(1),
      await core.connect(1, { actor: { door: 'stream' } }),
      await core.connect(2),
      await core.connect(1, { actor: { namespace: 'elsewhere' } }),
    ];
    await core.chat.enterRoom(two, room.id);
    const chosen = (audience: Audience, namespace = 'default') =>
      selectSessions(core.chat.core.hub, namespace, audience).map(({ id }) => id);
    const tag = (name: string, prefixed = false): Audience => ({ tag: name, prefixed });
    expect(chosen({ sessions: [two.id, 12_345, foreign.id, one.id] })).toEqual([two.id, one.id]);
    expect(chosen(tag('user:1'))).toEqual([one.id, again.id]);
    expect(chosen(tag('user:1'), 'elsewhere')).toEqual([foreign.id]);
    expect(chosen(tag('door:stream'))).toEqual([again.id]);
    expect(chosen(tag(`conversation:${group.id}`))).toEqual([one.id, again.id, two.id]);
    expect(chosen(tag(`conversation:${group.id}`), 'elsewhere')).toEqual([]);
    expect(chosen(tag(`conversation:${room.id}`))).toEqual([two.id]);
    expect(chosen(tag('user:', true))).toEqual([one.id, again.id, two.id]);
    expect(chosen(tag('door:st', true))).toEqual([again.id]);
    expect(chosen(tag(`conversation:${String(room.id).slice(0, -1)}`, true))).toContain(two.id);
    for (const name of ['', 'user', 'user:', 'user:x', 'user:01', 'door:', 'other:1', `conversation:${group.id} `])
      expect(chosen(tag(name))).toEqual([]);
  });
});
