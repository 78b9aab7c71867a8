/** Messages of chats: read, send, edit, take back; and what has been read. */
import multipart from '@fastify/multipart';
import { actorFrom, pathId, someone, toId, toLimit } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { contentOfFile } from '../../core/index.ts';
import type { HistoryPage, HistoryQuery, Id } from '../../core/index.ts';
import { Message, Messages, ReadState } from './answers.ts';
import { createForms, limitOthers } from './forms.ts';
import { ByChat, ByMessage, EditChatMessage, MessagePlace, ReadChat, SendChatMessage } from './rest-requests.ts';
import type { Views } from './rest-views.ts';
import { inOurWords } from './words.ts';

type Deps = RouteDeps & { readonly views: Views };

export async function registerMessages(http: Routes, deps: Deps): Promise<void> {
  registerReading(http, deps);
  await http.register((scope) => registerSending(scope, deps));
  registerChanging(http, deps);
}

function registerReading(http: Routes, { chat, operation, views }: Deps): void {
  http.get(
    '/chats/:id/messages',
    operation(
      someone('messages'),
      { id: 'readChat', tag: 'chat messages', summary: 'A page of messages: the newest, or before, after or around one' },
      { params: ByChat, querystring: MessagePlace, response: { 200: Messages } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const page = await chat.readHistory(actor, toHistoryQuery(pathId(request.params.id), request.query));
      return { messages: await views.messages(actor, page.messages), more: hasMore(page, request.query) };
    },
  );

  http.post(
    '/chats/:id/read',
    operation(
      someone('messages'),
      { id: 'markChatRead', tag: 'chat messages', summary: 'I have read up to a message, or everything' },
      { params: ByChat, body: ReadChat, response: { 200: ReadState } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const id = pathId(request.params.id);
      const { messageId } = request.body;
      await chat.moveCursor(actor, 'read', { conversation: id }, messageId === undefined ? 0 : toId('messageId', messageId));
      return { chatId: String(id), unreadCount: (await chat.countUnread(id, [actor.user])).get(actor.user) ?? 0 };
    },
  );
}

function toHistoryQuery(conversation: Id, { before, after, around, limit }: MessagePlace): HistoryQuery {
  return {
    conversation,
    ...(before !== undefined && { before: toId('before', before) }),
    ...(after !== undefined && { after: toId('after', after) }),
    ...(around !== undefined && { around: toId('around', around) }),
    limit: toLimit(limit),
  };
}

function hasMore({ moreBefore, moreAfter }: HistoryPage, { after, around }: MessagePlace): boolean {
  if (around !== undefined) return moreBefore || moreAfter;
  return after === undefined ? moreBefore : moreAfter;
}

/** In a scope of its own: no other route takes forms. */
async function registerSending(http: Routes, { chat, operation, views }: Deps): Promise<void> {
  const forms = createForms({ chat });
  await http.register(multipart, { throwFileSizeLimit: false });
  const { onRequest, schema } = operation(
    someone('messages'),
    {
      id: 'sendChatMessage',
      tag: 'chat messages',
      summary: 'Send a message, as JSON or as a form with a file',
      refusals: ['rate_limited', 'already_exists', 'not_found'],
    },
    { consumes: ['application/json', 'multipart/form-data'], body: SendChatMessage, response: { 200: repeated, 201: Message } },
  );
  http.post(
    '/messages',
    {
      onRequest: [onRequest, async (request) => limitOthers(request)],
      preValidation: (request) => forms.read(request),
      config: { slowBody: true },
      schema,
    },
    async (request, reply) => {
      const actor = actorFrom(request);
      const { chatId, content, clientMessageId: key } = request.body;
      const file = forms.fileOf(request);
      const send = {
        target: { conversation: toId('chatId', chatId) },
        content: file === undefined ? ({ kind: 'text', text: content } as const) : contentOfFile(file, content),
        ...(key !== undefined && { key }),
      };
      const { message, duplicate } = await inOurWords(chat.sendMessage(actor, send));
      return reply.code(duplicate ? 200 : 201).send(await views.message(actor, message));
    },
  );
}

/** The same answer as the first time, with another status. */
const repeated = { ...Message, description: 'The message had been stored before under this clientMessageId.' };

function registerChanging(http: Routes, { chat, operation, views }: Deps): void {
  http.patch(
    '/messages/:id',
    operation(
      someone('messages'),
      {
        id: 'editChatMessage',
        tag: 'chat messages',
        summary: 'Replace the words of a message',
        refusals: ['failed_precondition'],
      },
      { params: ByMessage, body: EditChatMessage, response: { 200: Message } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const edited = chat.editText(actor, pathId(request.params.id), request.body.content);
      return views.message(actor, (await inOurWords(edited)).message);
    },
  );

  http.delete(
    '/messages/:id',
    operation(
      someone('messages'),
      {
        id: 'recallChatMessage',
        tag: 'chat messages',
        summary: 'Take a message back: its content is erased, its place stays',
        refusals: ['failed_precondition'],
      },
      { params: ByMessage, response: { 200: Message } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      return views.message(actor, (await chat.recallMessage(actor, pathId(request.params.id))).message);
    },
  );
}
