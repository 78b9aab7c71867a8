/** Parts of several doors under one `/api`: one document, one form, and each under its own name. */
import fastify from 'fastify';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { server, startManagement } from '../../test/support/management.ts';
import { actorFrom, anyone, createApi, createComponents, idInPath, pathId } from './index.ts';
import type { Part } from './index.ts';

const { component, components } = createComponents();
const Note = component('Note', 'A note.', Type.Object({ text: Type.String() }), { text: 'Hello' });

/** A part of another door: one path of its own, and one more method on a path of management. */
const notes: Part = {
  door: 'notes',
  tags: { notes: 'Notes.' },
  components,
  routes(http, { chat, operation }) {
    http.addHook('onSend', async (_request, reply) => void reply.header('x-notes', '1'));
    http.post(
      '/notes',
      operation(
        anyone('messages'),
        { id: 'note', tag: 'notes', summary: 'Note' },
        { body: Type.Object({ text: Type.String() }, { examples: [{ text: 'Hello' }] }), response: { 200: Note } },
      ),
      async (request) => {
        await chat.createConversation(actorFrom(request), { kind: 'group', name: request.body.text, members: [] });
        return request.body;
      },
    );
    http.put(
      '/users/:id',
      operation(
        anyone('users'),
        { id: 'noteUser', tag: 'users', summary: 'Note about a user' },
        { params: Type.Object({ id: idInPath('The user.', '1') }), response: { 200: Note } },
      ),
      (request) => Promise.resolve({ text: String(pathId(request.params.id)) }),
    );
  },
};

const path = (url: string): Part => ({
  ...notes,
  components: [],
  tags: {},
  routes: (http) => void http.get(url, () => Promise.resolve({})),
});

describe('a part', () => {
  it('is in the same document, with its components and tags', async () => {
    await using door = await startManagement({ parts: [notes] });
    const { body } = await door.call('GET', '/api/openapi.json');
    expect(Object.keys(body.paths['/api/users/{id}'])).toEqual(expect.arrayContaining(['get', 'put']));
    expect(body.paths['/api/notes'].post.responses).toMatchObject({
      200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Note' } } } },
      401: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
    });
    expect(body.components.schemas).toMatchObject({ Note: { description: 'A note.' }, Member: {}, Error: {} });
    expect(body.tags.slice(-2)).toEqual([
      { name: 'notes', description: 'Notes.' },
      { name: 'document', description: 'This document.' },
    ]);
  });

  it('acts and is refused under the name of its door, in the form of all', async () => {
    await using door = await startManagement({ parts: [notes] });
    const alice = await door.user(1);
    const note = (headers: object, body: object) => door.call('POST', '/api/notes', { headers: { ...headers }, body });
    expect(await note(alice, { text: 'One' })).toMatchObject({ status: 200, body: { text: 'One' } });
    expect((await note(server('messages', { 'x-on-behalf-of': '1' }), { text: 'Two' })).status).toBe(200);
    await door.call('POST', '/api/conversations', { headers: alice, body: { kind: 'group', name: 'Three' } });
    const events = await door.chat.core.store.events(0, 10);
    expect(events.map(({ origin }) => origin.door)).toEqual(['notes', 'notes', 'management']);

    expect(await note({}, { text: 'x' })).toMatchObject({ status: 401, body: { error: { code: 'unauthenticated' } } });
    expect((await note(server('users'), { text: 'x' })).status).toBe(403);
    expect((await note(alice, {})).body.error.fields).toEqual({ text: 'is needed' });
    expect((await door.call('PUT', '/api/users/x', { headers: alice })).status).toBe(404);
    expect((await door.call('GET', '/api/users/x', { headers: alice })).status).toBe(404);
    expect(door.refused).toEqual([
      'notes unauthenticated',
      'notes permission_denied',
      'notes invalid_argument',
      'notes not_found',
      'management not_found',
    ]);
  });

  it('shares what answers an unknown method, and keeps its hooks to itself', async () => {
    await using door = await startManagement({ parts: [notes] });
    const alice = await door.user(1);
    expect((await door.call('PATCH', '/api/users/1', { headers: alice })).headers['allow']).toBe('DELETE, GET, PUT');
    expect((await door.call('PUT', '/api/users/1', { headers: alice })).headers).toMatchObject({
      'x-notes': '1',
      'cache-control': 'no-store',
    });
    expect((await door.call('GET', '/api/users/1', { headers: alice })).headers).not.toHaveProperty('x-notes');
  });
});

describe('parts that collide', () => {
  it.each<[string, Part, RegExp]>([
    ['a tag', { ...notes, components: [] }, /tag notes/],
    ['a component', { ...notes, tags: {} }, /Note/],
    ['a route', path('/notes/:id'), /notes/],
    [
      'no such tag',
      {
        ...notes,
        components: [],
        tags: {},
        routes: (_http, { operation }) => void operation(anyone('users'), { id: 'odd', tag: 'odd', summary: 'Odd' }, {}),
      },
      /tag odd/,
    ],
  ])('are refused: %s', async (_what, part, problem) => {
    await expect(startManagement({ parts: [notes, path('/notes/:id'), part] })).rejects.toThrow(problem);
  });

  it('and those that come too late', async () => {
    await using door = await startManagement();
    const api = createApi({ chat: door.chat });
    const http = fastify();
    await api.open(http);
    expect(() => api.register(notes)).toThrow(/after it was opened/);
    await expect(api.open(http)).rejects.toThrow(/twice/);
    expect((await http.inject('/api/openapi.json')).statusCode).toBe(200);
    await http.close();
  });
});
