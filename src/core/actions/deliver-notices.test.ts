import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text } from '../../../test/support/core.ts';
import type { Audience } from '../events.ts';
import type { Notice } from './deliver-notices.ts';

const server = actorFor(0, { server: true });
const notice: Notice = { kind: 'private', sender: 9, receiver: 1, content: text('look') };

describe('notices', () => {
  test('reach the sessions that are named, each in order, and are stored nowhere', async () => {
    const core = await openCore();
    const [one, other] = [await core.connect(1), await core.connect(2)];
    core.chat.deliverNotices(server, { tag: 'user:1', prefixed: false }, [
      notice,
      { ...notice, message: 5, at: 6, content: text('and see') },
    ]);
    expect(one.heard).toMatchObject([
      { type: 'notice', content: text('look'), at: core.clock.now(), message: 0, sender: 9, receiver: 1, kind: 'private' },
      { type: 'notice', content: text('and see'), message: 5, at: 6 },
    ]);
    expect(other.heard).toEqual([]);
    core.chat.deliverNotices(server, { sessions: [other.id] }, [notice]);
    expect(other.heard).toHaveLength(1);
    expect(await core.store.events(0, 10)).toEqual([]);
  });

  test('are for back ends, within limits, all or none', async () => {
    const core = await openCore();
    const session = await core.connect(1);
    const all: Audience = { tag: 'user:', prefixed: true };
    const attempt = (audience: Audience, notices: readonly Notice[], actor = server) =>
      refusalOf(() => core.chat.deliverNotices(actor, audience, notices));
    expect(await attempt(all, [notice], actorFor(1))).toBe('permission_denied');
    expect(await attempt({ tag: '', prefixed: true }, [notice])).toBe('invalid_argument');
    expect(await attempt({ tag: 'x'.repeat(129), prefixed: true }, [notice])).toBe('invalid_argument');
    expect(
      await attempt(
        all,
        Array.from({ length: 1_001 }, () => notice),
      ),
    ).toBe('too_large');
    expect(await attempt(all, [notice, { ...notice, content: text('') }])).toBe('invalid_argument');
    expect(await attempt(all, [notice, { ...notice, message: Number.MAX_SAFE_INTEGER }])).toBe('invalid_argument');
    expect(await attempt(all, [notice, { ...notice, message: Number.MAX_SAFE_INTEGER }])).toBe('invalid_argument');
    expect(session.heard).toEqual([]);
  });
});
