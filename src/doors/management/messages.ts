/** Messages: read, send, edit, take back; and how far one has come. */
import type { FastifyRequest } from 'fastify';
import { actorFrom, anyone, pathId, someone, toId, toLimit, toPlace } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import type { Chat, Id, Target } from '../../core/index.ts';
import { toContent, toCursors, toHistory, toHistoryQuery, toMessage, toRevisions, toSend } from './codec.ts';
import {
  ByConversation,
  ByMessage,
  ByUser,
  EditMessage,
  HistoryPlace,
  MoveCursor,
  RevisionPlace,
  SendHeaders,
  SendMessage,
} from './requests.ts';
import { Cursors, History, Message, Revisions } from './wire.ts';

export function registerMessages(http: Routes, deps: RouteDeps): void {
  registerSending(http, deps);
  registerReading(http, deps);
  registerChanging(http, deps);
}

function registerSending(http: Routes, { chat, operation }: RouteDeps): void {
  const answers = { 200: repeated, 201: Message };

  http.post(
    '/conversations/:id/messages',
    operation(
      someone('messages'),
      { id: 'sendMessage', tag: 'messages', summary: 'Send a message', refusals: ['rate_limited', 'already_exists'] },
      { params: ByConversation, headers: SendHeaders, body: SendMessage, response: answers },
    ),
    async (request, reply) => {
      const target = { conversation: pathId(request.params.id) };
      const { status, message } = await send(chat, request, target, request.body, request.headers['idempotency-key']);
      return reply.code(status).send(message);
    },
  );

  http.post(
    '/private/:userId/messages',
    operation(
      someone('messages'),
      {
        id: 'sendPrivateMessage',
        tag: 'messages',
        summary: 'Send a message to a user; the first one makes the private conversation',
        refusals: ['rate_limited', 'already_exists'],
      },
      { params: ByUser, headers: SendHeaders, body: SendMessage, response: answers },
    ),
    async (request, reply) => {
      const target = { peer: pathId(request.params.userId) };
      const { status, message } = await send(chat, request, target, request.body, request.headers['idempotency-key']);
      return reply.code(status).send(message);
    },
  );
}

/** The same answer as the first time, with another status. */
const repeated = { ...Message, description: 'The message had been stored before under this idempotency key.' };

async function send(
  chat: Chat,
  request: Pick<FastifyRequest, 'getDecorator'>,
  target: Target,
  body: SendMessage,
  key: string | undefined,
): Promise<{ status: 200 | 201; message: Message }> {
  const { message, duplicate } = await chat.sendMessage(actorFrom(request), toSend(target, body, key));
  return { status: duplicate ? 200 : 201, message: toMessage(message, chat.links) };
}

function registerReading(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/conversations/:id/messages',
    operation(
      anyone('messages'),
      { id: 'readHistory', tag: 'messages', summary: 'A page of messages: the newest, or before, after or around one' },
      { params: ByConversation, querystring: HistoryPlace, response: { 200: History } },
    ),
    async (request) => {
      const query = toHistoryQuery(pathId(request.params.id), request.query);
      return toHistory(await chat.readHistory(actorFrom(request), query), request.query, chat.links);
    },
  );

  for (const [cursor, path, summary] of [
    ['read', '/conversations/:id/read', 'I have read up to a message, or everything'],
    ['delivered', '/conversations/:id/delivered', 'I have received up to a message, or everything'],
  ] as const) {
    http.post(
      path,
      operation(
        someone('messages'),
        { id: cursor === 'read' ? 'markRead' : 'markDelivered', tag: 'messages', summary },
        { params: ByConversation, body: MoveCursor, response: { 200: Cursors } },
      ),
      async (request) => {
        const actor = actorFrom(request);
        const id = pathId(request.params.id);
        const { messageId } = request.body;
        await chat.moveCursor(actor, cursor, { conversation: id }, messageId === undefined ? 0 : toId('messageId', messageId));
        return toCursors(await chat.summarize(actor, id));
      },
    );
  }

  http.get(
    '/conversations/:id/unread',
    operation(
      someone('messages'),
      { id: 'getUnread', tag: 'messages', summary: 'How many messages I have not read' },
      { params: ByConversation, response: { 200: Cursors } },
    ),
    async (request) => toCursors(await chat.summarize(actorFrom(request), pathId(request.params.id))),
  );
}

function registerChanging(http: Routes, { chat, operation }: RouteDeps): void {
  http.patch(
    '/conversations/:id/messages/:messageId',
    operation(
      anyone('messages'),
      {
        id: 'editMessage',
        tag: 'messages',
        summary: 'Replace the content of a message',
        refusals: ['rate_limited', 'failed_precondition'],
      },
      { params: ByMessage, body: EditMessage, response: { 200: Message } },
    ),
    async (request) => {
      const { message, within } = messageOf(request.params);
      return toMessage(
        (await chat.editMessage(actorFrom(request), message, toContent(request.body), within)).message,
        chat.links,
      );
    },
  );

  http.delete(
    '/conversations/:id/messages/:messageId',
    operation(
      anyone('messages'),
      {
        id: 'recallMessage',
        tag: 'messages',
        summary: 'Take a message back: its content is erased, its place stays',
        refusals: ['failed_precondition'],
      },
      { params: ByMessage, response: { 200: Message } },
    ),
    async (request) => {
      const { message, within } = messageOf(request.params);
      return toMessage((await chat.recallMessage(actorFrom(request), message, within)).message, chat.links);
    },
  );

  http.get(
    '/conversations/:id/messages/:messageId/revisions',
    operation(
      anyone('messages'),
      { id: 'listRevisions', tag: 'messages', summary: 'Earlier contents of an edited message' },
      { params: ByMessage, querystring: RevisionPlace, response: { 200: Revisions } },
    ),
    async (request) => {
      const { message, within } = messageOf(request.params);
      const page = { after: toPlace('after', request.query.after), limit: toLimit(request.query.limit) };
      return toRevisions(await chat.listRevisions(actorFrom(request), message, within, page), page.limit, chat.links);
    },
  );
}

function messageOf({ id, messageId }: ByMessage): { message: Id; within: Id } {
  return { message: pathId(messageId), within: pathId(id) };
}
