/** What is checked and what is kept when a message is edited. */
import { describe, expect, test } from 'vitest';
import type { EditMessage, Id } from '../../../src/core/index.ts';
import { NAMESPACE, ORIGIN, apply, changingMembers, createGroup, newWorld, refusal, send, sendTo, text } from './subject.ts';
import type { Subject } from './subject.ts';

export function editingContract(subject: Subject): void {
  describe('the right to edit, looked at in the transaction', () => {
    test('ends with the role that gave it, and is not looked at where nobody asks', async () => {
      const { store } = await newWorld(subject);
      const channel = await createGroup(store, [1, 2], { kind: 'channel' });
      const { id } = await send(store, channel, 1);
      const writers = ['owner', 'admin'] as const;
      expect(await apply(store, editing(id, 'a', { writers }))).toMatchObject({ changed: true });
      expect(await refusal(store, editing(id, 'b', { user: 2, writers }))).toBe('stale');
      const demoted = changingMembers(channel, { add: [{ user: 1, role: 'member' }] });
      const outcomes = await store.commit([demoted, editing(id, 'c', { writers })]);
      expect(outcomes.map((outcome) => (outcome.type === 'refused' ? outcome.reason : outcome.type))).toEqual([
        'members',
        'stale',
      ]);
      expect((await store.message(id))?.content).toEqual(text('a'));
      expect(await apply(store, editing(id, 'd', { user: 0, writers: 'anyone' }))).toMatchObject({ changed: true });
      expect(await apply(store, editing(id, 'e'))).toMatchObject({ changed: true });
    });

    test('ends with a block in a private conversation, for the blocked', async () => {
      const { store } = await newWorld(subject);
      const writers = ['owner', 'admin', 'member'] as const;
      const [one, two] = [await sendTo(store, 2, 1), await sendTo(store, 1, 2, { writers })].map(({ message }) => message.id);
      await apply(store, { type: 'block', namespace: NAMESPACE, user: 2, blocked: 1, active: true });
      expect(await refusal(store, editing(one ?? 0, 'x', { writers }))).toBe('stale');
      expect(await apply(store, editing(two ?? 0, 'x', { user: 2, writers }))).toMatchObject({ changed: true });
    });
  });

  describe('revisions', () => {
    test('are kept up to a number, the newest', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const [edited, other] = [await send(store, group, 1, { content: text('0') }), await send(store, group, 1)];
      await apply(store, editing(other.id, 'of another message', { keep: 3 }));
      for (let at = 1; at <= 6; at += 1) await apply(store, editing(edited.id, String(at), { keep: 3 }));
      const kept = async (id: Id) => (await store.revisions(id, 0, 100)).map(({ content }) => content.text);
      expect(await kept(edited.id)).toEqual(['3', '4', '5']);
      await apply(store, editing(edited.id, '7', { keep: 0 }));
      expect(await kept(edited.id)).toEqual([]);
      expect(await kept(other.id)).toEqual(['hello']);
    });

    test('are read in pages, though they were made in one moment or the clock goes back', async () => {
      const { store, clock } = await newWorld(subject);
      const { id } = await send(store, await createGroup(store, [1]), 1, { content: text('0') });
      for (let at = 1; at <= 7; at += 1) {
        if (at === 4) clock.advance(-60_000);
        await apply(store, editing(id, String(at)));
      }
      const texts: (string | undefined)[] = [];
      for (let after = 0, full = true; full;) {
        const page = await store.revisions(id, after, 3);
        texts.push(...page.map(({ content }) => content.text));
        full = page.length === 3;
        after = page.at(-1)?.replacedAt ?? 0;
      }
      expect(texts).toEqual(['0', '1', '2', '3', '4', '5', '6']);
      expect((await store.message(id))?.editedAt).toBe((await store.revisions(id, 0, 100)).at(-1)?.replacedAt);
    });
  });
}

function editing(message: Id, value: string, rest: Partial<EditMessage> = {}): EditMessage {
  return { type: 'edit', message, user: 1, content: text(value), origin: ORIGIN, ...rest };
}
