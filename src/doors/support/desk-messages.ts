/** Messages of support chats under `/api/desk`: history, sending, notes, cursors, transcripts. */
import { actorFrom, anyone, someone, toId } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { MAX_TRANSCRIPT, chatRef, transcriptOf } from '../../core/index.ts';
import { toChat, toHistory, toHistoryQuery, toMessage } from './desk-codec.ts';
import { ByChat, HistoryPlace, Mark, Say, SendHeaders } from './desk-requests.ts';
import { DeskChat, DeskHistory, DeskMessage, DeskTranscript } from './desk-wire.ts';

export function registerDeskMessages(http: Routes, deps: RouteDeps): void {
  registerReading(http, deps);
  registerWriting(http, deps);
}

function registerReading(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/desk/chats/:chat/messages',
    operation(
      anyone('messages'),
      { id: 'readDeskHistory', tag: 'desk', summary: 'A page of messages, notes for operators included' },
      { params: ByChat, querystring: HistoryPlace, response: { 200: DeskHistory } },
    ),
    async (request) => {
      const query = toHistoryQuery(request.query);
      return toHistory(chat.links, await chat.desk.readHistory(actorFrom(request), chatRef(request.params.chat), query));
    },
  );

  http.get(
    '/desk/chats/:chat/transcript',
    operation(
      anyone('messages'),
      { id: 'getDeskTranscript', tag: 'desk', summary: 'The whole chat, for programs and for people' },
      { params: ByChat, response: { 200: DeskTranscript } },
    ),
    async (request) => {
      const whole = await chat.desk.readWhole(actorFrom(request), chatRef(request.params.chat), MAX_TRANSCRIPT);
      const { messages } = toHistory(chat.links, whole);
      return {
        chat: toChat(chat.links, whole.chat.scene),
        messages,
        text: transcriptOf(whole),
        complete: !whole.moreAfter,
      };
    },
  );

  for (const [cursor, id, summary] of [
    ['read', 'markDeskRead', 'I have read up to a message'],
    ['delivered', 'markDeskDelivered', 'I have received up to a message'],
  ] as const) {
    http.post(
      `/desk/chats/:chat/${cursor}`,
      operation(someone('messages'), { id, tag: 'desk', summary }, { params: ByChat, body: Mark, response: { 200: DeskChat } }),
      async (request) => {
        const actor = actorFrom(request);
        const ref = chatRef(request.params.chat);
        await chat.desk.mark(actor, { chat: ref, cursor, message: toId('messageId', request.body.messageId) });
        return toChat(chat.links, (await chat.desk.findChat(actor, ref)).scene);
      },
    );
  }
}

function registerWriting(http: Routes, { chat, operation }: RouteDeps): void {
  const repeated = { ...DeskMessage, description: 'The message had been stored before under this idempotency key.' };
  for (const [path, id, summary, note] of [
    ['messages', 'sendDeskMessage', 'Say something; the first answer of an operator takes a chat that nobody has', false],
    ['notes', 'addDeskNote', 'Write a note, which only operators see', true],
  ] as const) {
    http.post(
      `/desk/chats/:chat/${path}`,
      operation(
        someone('messages'),
        { id, tag: 'desk', summary, refusals: ['rate_limited', 'already_exists', 'failed_precondition'] },
        { params: ByChat, headers: SendHeaders, body: Say, response: { 200: repeated, 201: DeskMessage } },
      ),
      async (request, reply) => {
        const { text = '', attachments = [] } = request.body;
        const key = request.headers['idempotency-key'];
        const said = { chat: chatRef(request.params.chat), text, attachments, note, key };
        const { message, scene, duplicate } = await chat.desk.sendMessage(actorFrom(request), said);
        const found = scene ?? (await chat.desk.findChat(actorFrom(request), said.chat)).scene;
        return reply.code(duplicate ? 200 : 201).send(toMessage(chat.links, message, found, found.sender));
      },
    );
  }
}
