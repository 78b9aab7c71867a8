import { describe, expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';
import type { Headers, ManagementServer } from '../../../test/support/management.ts';

async function createGroup(door: ManagementServer): Promise<{ id: string; alice: Headers; bob: Headers; messages: string }> {
  const [alice, bob] = [await door.user(1), await door.user(2)];
  const { id } = (
    await door.call('POST', '/api/conversations', { headers: alice, body: { kind: 'group', name: 'Team', members: ['2'] } })
  ).body as { id: string };
  return { id, alice, bob, messages: `/api/conversations/${id}/messages` };
}

describe('sending', () => {
  it('stores every kind of content and answers it as it is read', async () => {
    await using door = await startManagement();
    const { id, alice, bob, messages } = await createGroup(door);
    const contents = [
      { text: 'Hello 🌍' },
      { type: 'photo', resource: { url: 'https://example.com/a.webp', thumbnail: 'https://example.com/b.webp' } },
      { type: 'location', location: { latitude: 51.5, longitude: -0.12 } },
      { type: 'contact', text: 'Bob, +44 20 7946 0000' },
      { type: 'sticker', resource: { url: 'https://example.com/c.png' } },
    ];
    const sent = [];
    for (const [index, body] of contents.entries()) {
      const answer = await door.call('POST', messages, { headers: alice, body });
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({
        type: 'text',
        ...body,
        conversationId: id,
        index: index + 1,
        senderId: '1',
        state: 'sent',
      });
      sent.push(answer.body);
    }
    expect((await door.call('GET', messages, { headers: bob })).body.messages).toEqual(sent);
  });

  it('makes the private conversation with the first message', async () => {
    await using door = await startManagement();
    const [alice, bob] = [await door.user(1), await door.user(2)];
    const first = await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Hello' } });
    expect(first).toMatchObject({ status: 201, body: { index: 1, senderId: '1' } });
    const answer = await door.call('POST', `/api/conversations/${first.body.conversationId}/messages`, {
      headers: bob,
      body: { text: 'Hi' },
    });
    expect(answer.body).toMatchObject({ index: 2, conversationId: first.body.conversationId });
    const missing = await door.call('POST', '/api/private/99/messages', { headers: alice, body: { text: 'Hello' } });
    expect(missing.status).toBe(404);
    expect((await door.call('POST', '/api/private/x/messages', { headers: alice, body: { text: 'Hello' } })).body).toEqual(
      missing.body,
    );
  });

  it('stores one message however often it is sent with the same key', async () => {
    await using door = await startManagement();
    const { alice, bob, messages } = await createGroup(door);
    const send = (headers: Headers, text: string, key: string) =>
      door.call('POST', messages, { headers: { ...headers, 'idempotency-key': key }, body: { text } });
    const [first, ...again] = await Promise.all([1, 2, 3].map(() => send(alice, 'Hello', 'one')));
    expect(first?.status).toBe(201);
    for (const { status, body } of [...again, await send(alice, 'Hello', 'one')])
      expect([status, body]).toEqual([200, first?.body]);
    expect(await send(alice, 'Something else', 'one')).toMatchObject({
      status: 409,
      body: { error: { code: 'already_exists' } },
    });
    expect((await send(bob, 'Hello', 'one')).status).toBe(201);
    expect((await send(alice, 'Hello', '')).status).toBe(400);
    expect((await send(alice, 'Hello', 'k'.repeat(129))).status).toBe(400);
    expect((await door.call('GET', messages, { headers: bob })).body.messages).toHaveLength(2);
  });

  it('refuses content that is none, too long or of the wrong kind, and says what', async () => {
    await using door = await startManagement({ limits: { maxTextBytes: 10 } });
    const { alice, messages } = await createGroup(door);
    for (const [body, status, field] of [
      [{}, 400, 'body'],
      [{ type: 'text' }, 400, 'content'],
      [{ text: '' }, 400, 'text'],
      [{ text: 'a', location: { latitude: 1, longitude: 1 } }, 400, 'content'],
      [{ type: 'photo', text: 'a' }, 400, 'content'],
      [{ type: 'poem', text: 'a' }, 400, 'type'],
      [{ text: 'a\u0000' }, 400, 'text'],
      [{ text: 'x'.repeat(11) }, 413, 'text'],
      [{ type: 'photo', resource: {} }, 400, 'resource.url'],
      [{ type: 'location', location: { latitude: 91, longitude: 0 } }, 400, 'location.latitude'],
      [{ text: 'a', expireSeconds: 0 }, 400, 'expireSeconds'],
    ] as const) {
      const answer = await door.call('POST', messages, { headers: alice, body });
      expect([body, answer.status, Object.keys(answer.body.error.fields)]).toEqual([body, status, [field]]);
    }
    expect((await door.call('POST', messages, { headers: alice, body: { text: 'a', expireSeconds: 1e12 } })).status).toBe(400);
    expect((await door.call('GET', messages, { headers: alice })).body.messages).toEqual([]);
  });

  it('tells when a message will expire', async () => {
    await using door = await startManagement();
    const { alice, messages } = await createGroup(door);
    const { body } = await door.call('POST', messages, { headers: alice, body: { text: 'Soon gone', expireSeconds: 1.5 } });
    expect(Date.parse(body.expiresAt) - Date.parse(body.sentAt)).toBe(1_500);
  });

  it('is not for guests, followers of a channel and the blocked', async () => {
    await using door = await startManagement();
    const [alice, bob] = [await door.user(1), await door.user(2)];
    const channel = (
      await door.call('POST', '/api/conversations', { headers: alice, body: { kind: 'channel', name: 'News', members: ['2'] } })
    ).body.id;
    const room = (await door.call('POST', '/api/conversations', { headers: alice, body: { kind: 'room', name: 'Lobby' } })).body
      .id;
    const send = async (headers: Headers, url: string) =>
      (await door.call('POST', url, { headers, body: { text: 'Hello' } })).status;
    expect(await send(bob, `/api/conversations/${channel}/messages`)).toBe(403);
    expect(await send(server('messages', { 'x-on-behalf-of': '2' }), `/api/conversations/${channel}/messages`)).toBe(201);
    expect(await send(await door.user(7, { role: 'guest' }), `/api/conversations/${room}/messages`)).toBe(403);
    await door.call('PUT', '/api/blocks/1', { headers: bob });
    expect(await send(alice, '/api/private/2/messages')).toBe(403);
  });
});

describe('history', () => {
  it('is read from every side', async () => {
    await using door = await startManagement();
    const { alice, bob, messages } = await createGroup(door);
    const ids: string[] = [];
    for (const text of ['1', '2', '3', '4', '5'])
      ids.push((await door.call('POST', messages, { headers: alice, body: { text } })).body.id);
    const read = async (query: string) => {
      const { messages: page, ...rest } = (await door.call('GET', `${messages}?${query}`, { headers: bob })).body;
      return [page.map(({ text }: { text: string }) => text).join(''), rest];
    };
    const flags = (more: boolean, moreBefore: boolean, moreAfter: boolean) => ({ more, moreBefore, moreAfter });
    expect(await read('')).toEqual(['12345', flags(false, false, false)]);
    expect(await read('limit=2')).toEqual(['45', flags(true, true, false)]);
    expect(await read(`before=${ids[3]}&limit=2`)).toEqual(['23', flags(true, true, true)]);
    expect(await read(`before=${ids[2]}`)).toEqual(['12', flags(false, false, true)]);
    expect(await read(`after=${ids[1]}&limit=2`)).toEqual(['34', flags(true, true, true)]);
    expect(await read(`after=0&limit=1`)).toEqual(['1', flags(true, false, true)]);
    expect(await read(`after=${ids[4]}`)).toEqual(['', flags(false, true, false)]);
    expect(await read(`around=${ids[2]}&limit=2`)).toEqual(['34', flags(true, true, true)]);
    expect((await door.call('GET', `${messages}?before=${ids[3]}&after=${ids[1]}`, { headers: bob })).status).toBe(400);
    expect((await door.call('GET', `${messages}?before=0`, { headers: bob })).body.error.fields).toHaveProperty('before');
    expect((await door.call('GET', `${messages}?around=x`, { headers: bob })).body.error.fields).toHaveProperty('around');
  });

  it('has pages of 50, and of 100 at the most', async () => {
    await using door = await startManagement();
    const { alice, messages } = await createGroup(door);
    await Promise.all(
      Array.from({ length: 120 }, (_, n) => door.call('POST', messages, { headers: alice, body: { text: String(n) } })),
    );
    const read = async (query: string) =>
      (await door.call('GET', `${messages}${query}`, { headers: alice })).body.messages.length as number;
    expect(await read('')).toBe(50);
    expect(await read('?limit=5000')).toBe(100);
    expect(await read('?limit=0')).toBe(1);
  });

  it('is open to back ends in their namespace, except for what is private', async () => {
    await using door = await startManagement();
    const { id, alice, messages } = await createGroup(door);
    const note = (await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Psst' } })).body;
    expect((await door.call('GET', messages, { headers: server('messages') })).status).toBe(200);
    expect((await door.call('GET', messages, { headers: server('elsewhere') })).status).toBe(404);
    expect(
      (await door.call('GET', `/api/conversations/${id}/unread`, { headers: server('messages', { 'x-on-behalf-of': '2' }) }))
        .status,
    ).toBe(200);
    const secret = `/api/conversations/${note.conversationId}/messages`;
    expect((await door.call('GET', secret, { headers: server('messages') })).status).toBe(404);
    expect((await door.call('GET', secret, { headers: server('messages', { 'x-on-behalf-of': '2' }) })).status).toBe(200);
  });
});

describe('cursors', () => {
  it('move forward only, and the unread count follows exactly', async () => {
    await using door = await startManagement();
    const { id, alice, bob, messages } = await createGroup(door);
    const sent = [];
    for (const text of ['1', '2', '3']) sent.push((await door.call('POST', messages, { headers: alice, body: { text } })).body);
    const at = `/api/conversations/${id}`;
    const unread = async () => (await door.call('GET', `${at}/unread`, { headers: bob })).body;
    expect(await unread()).toEqual({ conversationId: id, unreadCount: 3, lastIndex: 3, readIndex: 0, deliveredIndex: 0 });
    const delivered = await door.call('POST', `${at}/delivered`, { headers: bob, body: { messageId: sent[1].id } });
    expect(delivered.body).toMatchObject({ unreadCount: 3, readIndex: 0, deliveredIndex: 2 });
    const read = await door.call('POST', `${at}/read`, { headers: bob, body: { messageId: sent[0].id } });
    expect(read.body).toMatchObject({ unreadCount: 2, readIndex: 1, deliveredIndex: 2 });
    expect((await door.call('POST', `${at}/read`, { headers: bob })).body).toMatchObject({
      unreadCount: 0,
      readIndex: 3,
      deliveredIndex: 3,
    });
    expect((await door.call('POST', `${at}/read`, { headers: bob, body: { messageId: sent[0].id } })).body).toMatchObject({
      readIndex: 3,
    });
    expect(await unread()).toMatchObject({ unreadCount: 0 });
    expect((await door.call('GET', `${at}/unread`, { headers: alice })).body).toMatchObject({ unreadCount: 0, lastIndex: 3 });
  });

  it('do not move for ids that are none of the conversation', async () => {
    await using door = await startManagement();
    const { id, alice, bob, messages } = await createGroup(door);
    await door.call('POST', messages, { headers: alice, body: { text: '1' } });
    const other = (await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Psst' } })).body;
    const read = (messageId: unknown) =>
      door.call('POST', `/api/conversations/${id}/read`, { headers: bob, body: { messageId } });
    expect((await read(other.id)).status).toBe(404);
    expect((await read('99')).status).toBe(404);
    expect((await read('x')).body.error.fields).toHaveProperty('messageId');
    expect((await read(5)).status).toBe(400);
    expect((await door.call('GET', `/api/conversations/${id}/unread`, { headers: bob })).body.unreadCount).toBe(1);
  });
});

describe('changing a message', () => {
  it('edits the content and keeps what it was', async () => {
    await using door = await startManagement();
    const { alice, bob, messages } = await createGroup(door);
    const sent = (await door.call('POST', messages, { headers: alice, body: { text: 'Helo' } })).body;
    const edited = await door.call('PATCH', `${messages}/${sent.id}`, { headers: alice, body: { text: 'Hello' } });
    expect(edited).toMatchObject({ status: 200, body: { ...sent, text: 'Hello', editedAt: expect.any(String) as unknown } });
    expect((await door.call('GET', messages, { headers: bob })).body.messages).toEqual([edited.body]);
    const revisions = await door.call('GET', `${messages}/${sent.id}/revisions`, { headers: bob });
    expect(revisions.body).toEqual({ revisions: [{ type: 'text', text: 'Helo', replacedAt: edited.body.editedAt }] });
  });

  it('takes no edit of who may not write any more, and gives revisions in pages', async () => {
    await using door = await startManagement();
    const [alice, bob] = [await door.user(1), await door.user(2)];
    const { id, conversationId } = (await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: '0' } }))
      .body;
    const edit = (text: string) =>
      door.call('PATCH', `/api/conversations/${conversationId}/messages/${id}`, { headers: alice, body: { text } });
    for (const value of ['1', '2', '3']) expect((await edit(value)).status).toBe(200);
    const page = async (query: string) =>
      (await door.call('GET', `/api/conversations/${conversationId}/messages/${id}/revisions?${query}`, { headers: bob })).body;
    const first = await page('limit=2');
    expect(first.revisions.map(({ text }: { text: string }) => text)).toEqual(['0', '1']);
    expect((await page(`limit=2&after=${first.next}`)).revisions).toMatchObject([{ text: '2' }]);
    expect(await page(`limit=2&after=${first.next}`)).not.toHaveProperty('next');
    await door.call('PUT', '/api/blocks/1', { headers: bob });
    expect(await edit('4')).toMatchObject({ status: 403, body: { error: { code: 'permission_denied' } } });
  });

  it('keeps the kind of a message', async () => {
    await using door = await startManagement();
    const { alice, messages } = await createGroup(door);
    const photo = (
      await door.call('POST', messages, { headers: alice, body: { type: 'photo', resource: { url: 'https://example.com/a' } } })
    ).body;
    const edit = (body: object) => door.call('PATCH', `${messages}/${photo.id}`, { headers: alice, body });
    expect((await edit({ text: 'No photo' })).body.error.code).toBe('failed_precondition');
    expect((await edit({ type: 'photo', resource: { url: 'https://example.com/b' } })).body).toMatchObject({
      resource: { url: 'https://example.com/b' },
    });
  });

  it('takes a message back for everybody, leaving its place', async () => {
    await using door = await startManagement();
    const { alice, bob, messages } = await createGroup(door);
    const { id } = (await door.call('POST', messages, { headers: alice, body: { text: 'Oops' } })).body;
    const recalled = await door.call('DELETE', `${messages}/${id}`, { headers: alice });
    expect(recalled).toMatchObject({ status: 200, body: { id, index: 1, state: 'recalled' } });
    expect(recalled.body).not.toHaveProperty('text');
    expect(recalled.body).not.toHaveProperty('type');
    expect((await door.call('DELETE', `${messages}/${id}`, { headers: alice })).body).toEqual(recalled.body);
    expect((await door.call('GET', messages, { headers: bob })).body.messages).toEqual([recalled.body]);
    expect((await door.call('GET', `${messages}/${id}/revisions`, { headers: bob })).body).toEqual({ revisions: [] });
    expect((await door.call('PATCH', `${messages}/${id}`, { headers: alice, body: { text: 'Again' } })).body.error.code).toBe(
      'failed_precondition',
    );
  });

  it('is for its sender and back ends, and hidden from those who cannot see it', async () => {
    await using door = await startManagement();
    const { alice, bob, messages } = await createGroup(door);
    const { id } = (await door.call('POST', messages, { headers: alice, body: { text: 'Hello' } })).body;
    expect((await door.call('PATCH', `${messages}/${id}`, { headers: bob, body: { text: 'Mine' } })).status).toBe(403);
    expect((await door.call('DELETE', `${messages}/${id}`, { headers: bob })).status).toBe(403);
    const mallory = await door.user(6);
    const missing = await door.call('GET', `${messages}/99/revisions`, { headers: mallory });
    for (const [method, path] of [
      ['PATCH', ''],
      ['DELETE', ''],
      ['GET', '/revisions'],
    ] as const) {
      for (const target of [id, 'x']) {
        const answer = await door.call(method, `${messages}/${target}${path}`, {
          headers: mallory,
          ...(method === 'PATCH' && { body: { text: 'x' } }),
        });
        expect([method, target, answer.status, answer.body]).toEqual([method, target, 404, missing.body]);
      }
    }
    expect(
      (await door.call('PATCH', `${messages}/${id}`, { headers: server('messages'), body: { text: 'Moderated' } })).body,
    ).toMatchObject({ text: 'Moderated' });
    expect((await door.call('DELETE', `${messages}/${id}`, { headers: server('messages') })).body).toMatchObject({
      state: 'recalled',
    });
  });

  it('finds the message in its own conversation only', async () => {
    await using door = await startManagement();
    const { alice, messages } = await createGroup(door);
    const { id } = (await door.call('POST', messages, { headers: alice, body: { text: 'Hello' } })).body;
    const note = (await door.call('POST', '/api/private/1/messages', { headers: alice, body: { text: 'Mine' } })).body;
    for (const conversation of [note.conversationId, '99', 'x']) {
      const at = `/api/conversations/${conversation}/messages`;
      const missing = await door.call('GET', `${at}/99/revisions`, { headers: alice });
      expect(missing).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
      for (const headers of [alice, server('messages')]) {
        expect((await door.call('PATCH', `${at}/${id}`, { headers, body: { text: 'x' } })).body).toEqual(missing.body);
        expect((await door.call('DELETE', `${at}/${id}`, { headers })).body).toEqual(missing.body);
        expect((await door.call('GET', `${at}/${id}/revisions`, { headers })).body).toEqual(missing.body);
      }
    }
    expect((await door.call('GET', messages, { headers: alice })).body.messages).toMatchObject([{ id, text: 'Hello' }]);
  });

  it('ends with the window for it', async () => {
    const start = Date.now();
    let time = start;
    await using door = await startManagement({ now: () => time, limits: { recallWindow: 60_000, editWindow: 30_000 } });
    const { alice, messages } = await createGroup(door);
    const { id } = (await door.call('POST', messages, { headers: alice, body: { text: 'Hello' } })).body;
    time = start + 31_000;
    expect((await door.call('PATCH', `${messages}/${id}`, { headers: alice, body: { text: 'x' } })).body.error.code).toBe(
      'failed_precondition',
    );
    expect((await door.call('DELETE', `${messages}/${id}`, { headers: alice })).status).toBe(200);
  });
});
