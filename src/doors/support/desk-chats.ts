/** Chats under `/api/desk`: lists, the queue, one chat, and what is done with it. */
import { actorFrom, anyone, someone, toId, toLimit } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { chatRef } from '../../core/index.ts';
import type { Actor, ChatList, ChatRef, SeenChat } from '../../core/index.ts';
import { toChat, toEntry, toListQuery, toPerson } from './desk-codec.ts';
import { ByChat, ChatsPlace, OpenChat, QueuePlace, Rate, Transfer } from './desk-requests.ts';
import { DeskChat, DeskChats, DeskCounts, DeskPresent } from './desk-wire.ts';
import type { DeskChats as ChatsAnswer } from './desk-wire.ts';

export function registerDeskChats(http: Routes, deps: RouteDeps): void {
  registerLists(http, deps);
  registerOne(http, deps);
  registerPresence(http, deps);
  registerSteps(http, deps);
}

function registerLists(http: Routes, { chat, operation }: RouteDeps): void {
  const toChats = ({ chats, total }: ChatList, limit: number): ChatsAnswer => {
    const last = chats.length < limit ? undefined : chats.at(-1);
    return {
      chats: chats.map((one) => toEntry(chat.links, one)),
      total,
      ...(last && { next: String(last.cursor) }),
    };
  };

  http.get(
    '/desk/chats',
    operation(
      anyone('conversations'),
      { id: 'listDeskChats', tag: 'desk', summary: 'Support chats that I see, last changed first; a client sees their own' },
      { querystring: ChatsPlace, response: { 200: DeskChats } },
    ),
    async (request) => {
      const query = toListQuery(request.query);
      return toChats(await chat.desk.listChats(actorFrom(request), query), query.limit);
    },
  );

  http.get(
    '/desk/queue',
    operation(
      anyone('conversations'),
      { id: 'listDeskQueue', tag: 'desk', summary: 'Chats that nobody has, longest waiting first' },
      { querystring: QueuePlace, response: { 200: DeskChats } },
    ),
    async (request) => {
      const { source, department, after } = request.query;
      const limit = toLimit(request.query.limit);
      const page = await chat.desk.listChats(actorFrom(request), {
        ...(source !== undefined && { source }),
        ...(department !== undefined && { department }),
        order: 'waiting',
        after: after === undefined ? 0 : toId('after', after),
        limit,
      });
      return toChats(page, limit);
    },
  );

  http.get(
    '/desk/counts',
    operation(
      anyone('conversations'),
      { id: 'countDeskChats', tag: 'desk', summary: 'How many chats there are of each sort' },
      { response: { 200: DeskCounts } },
    ),
    async (request) => ({ ...(await chat.desk.countChats(actorFrom(request))) }),
  );
}

function registerOne(http: Routes, { chat, operation }: RouteDeps): void {
  http.post(
    '/desk/chats',
    operation(
      someone('conversations'),
      {
        id: 'openDeskChat',
        tag: 'desk',
        summary: 'My chat in a widget: the newest that is not closed, else a new one',
        refusals: ['failed_precondition', 'not_found', 'permission_denied'],
      },
      { body: OpenChat, response: { 200: DeskChat, 201: DeskChat } },
    ),
    async (request, reply) => {
      const { origin, host } = request.headers;
      const { scene, created } = await chat.desk.openChat(actorFrom(request), request.body.source, { origin, host });
      return reply.code(created ? 201 : 200).send(toChat(chat.links, scene));
    },
  );

  http.get(
    '/desk/chats/:chat',
    operation(
      anyone('conversations'),
      { id: 'getDeskChat', tag: 'desk', summary: 'A support chat' },
      { params: ByChat, response: { 200: DeskChat } },
    ),
    async (request) => {
      const { scene } = await chat.desk.findChat(actorFrom(request), chatRef(request.params.chat));
      return toChat(chat.links, scene);
    },
  );
}

function registerPresence(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/desk/chats/:chat/people',
    operation(
      anyone('conversations'),
      { id: 'listDeskPresent', tag: 'desk', summary: 'Who has a chat open' },
      { params: ByChat, response: { 200: DeskPresent } },
    ),
    async (request) => {
      const { conversation } = await chat.desk.findChat(actorFrom(request), chatRef(request.params.chat));
      return { people: (await chat.desk.listPresent(conversation)).map((user) => toPerson(chat.links, user)) };
    },
  );
}

function registerSteps(http: Routes, { chat, operation }: RouteDeps): void {
  const { desk } = chat;
  const steps: readonly [name: string, id: string, summary: string, step: (actor: Actor, ref: ChatRef) => Promise<SeenChat>][] = [
    ['take', 'takeDeskChat', 'Take a chat: of many who do at once one has it, the others are told who', desk.take],
    ['join', 'joinDeskChat', 'Become a member of a chat without taking it', desk.join],
    ['close', 'closeDeskChat', 'Close a chat until its client writes again', desk.close],
    ['reopen', 'reopenDeskChat', 'Open a closed chat again', desk.reopen],
  ];
  for (const [name, id, summary, step] of steps) {
    http.post(
      `/desk/chats/:chat/${name}`,
      operation(
        anyone('conversations'),
        { id, tag: 'desk', summary, refusals: ['failed_precondition'] },
        { params: ByChat, response: { 200: DeskChat } },
      ),
      async (request) => toChat(chat.links, (await step(actorFrom(request), chatRef(request.params.chat))).scene),
    );
  }

  http.post(
    '/desk/chats/:chat/transfer',
    operation(
      anyone('conversations'),
      {
        id: 'transferDeskChat',
        tag: 'desk',
        summary: "Hand a chat on, to an operator or to a department's queue; also one that another has, to take it over",
        refusals: ['failed_precondition'],
      },
      { params: ByChat, body: Transfer, response: { 200: DeskChat } },
    ),
    async (request) => {
      const { operatorId, department, fromOperatorId, note } = request.body;
      const operator = operatorId === undefined ? undefined : toId('operatorId', operatorId);
      const from = fromOperatorId === undefined ? undefined : toId('fromOperatorId', fromOperatorId);
      const to = { operator, department, from, note };
      const { scene } = await desk.transfer(actorFrom(request), chatRef(request.params.chat), to);
      return toChat(chat.links, scene);
    },
  );

  http.post(
    '/desk/chats/:chat/rating',
    operation(
      someone('conversations'),
      { id: 'rateDeskChat', tag: 'desk', summary: 'Say what I think of my closed chat', refusals: ['failed_precondition'] },
      { params: ByChat, body: Rate, response: { 200: DeskChat } },
    ),
    async (request) =>
      toChat(chat.links, (await desk.rate(actorFrom(request), chatRef(request.params.chat), request.body)).scene),
  );
}
