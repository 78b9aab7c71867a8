/** The desk's settings under `/api/desk`: widgets, departments, operators, canned replies. */
import { Nothing, actorFrom, anyone, pathId, serversOnly, toLimit } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { defaultWidget } from '../../core/index.ts';
import { toOperator, toWidget } from './desk-codec.ts';
import {
  ByName,
  ByOperator,
  ByReply,
  BySource,
  RepliesPlace,
  SaveDepartment,
  SaveOperator,
  SaveReply,
  SaveWidget,
} from './desk-requests.ts';
import {
  CannedReplies,
  CannedReply,
  DeskDepartment,
  DeskDepartments,
  DeskOperator,
  DeskOperators,
  DeskWidget,
  DeskWidgets,
} from './desk-wire.ts';

export function registerDeskSettings(http: Routes, deps: RouteDeps): void {
  registerWidgets(http, deps);
  registerDepartments(http, deps);
  registerOperators(http, deps);
  registerReplies(http, deps);
}

function registerWidgets(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/desk/widgets',
    operation(
      anyone('conversations'),
      { id: 'listDeskWidgets', tag: 'desk', summary: 'Widgets whose chats I see' },
      { response: { 200: DeskWidgets } },
    ),
    async (request) => ({ widgets: (await chat.desk.listWidgets(actorFrom(request))).map(toWidget) }),
  );

  http.put(
    '/desk/widgets/:source',
    operation(
      serversOnly('conversations'),
      { id: 'saveDeskWidget', tag: 'desk', summary: 'Set a widget up, or anew', refusals: ['failed_precondition'] },
      { params: BySource, body: SaveWidget, response: { 200: DeskWidget } },
    ),
    async (request) => {
      const { source } = request.params;
      return toWidget(await chat.desk.saveWidget(actorFrom(request), { ...defaultWidget(source), ...request.body, source }));
    },
  );

  http.delete(
    '/desk/widgets/:source',
    operation(
      serversOnly('conversations'),
      { id: 'deleteDeskWidget', tag: 'desk', summary: 'Forget the settings of a widget; its chats stay' },
      { params: BySource, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.desk.deleteSetting(actorFrom(request), 'widget', request.params.source);
      return reply.code(204).send(null);
    },
  );
}

function registerDepartments(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/desk/departments',
    operation(
      anyone('conversations'),
      { id: 'listDeskDepartments', tag: 'desk', summary: 'Departments' },
      { response: { 200: DeskDepartments } },
    ),
    async (request) => ({ departments: (await chat.desk.listDepartments(actorFrom(request))).map((one) => ({ ...one })) }),
  );

  http.put(
    '/desk/departments/:name',
    operation(
      serversOnly('conversations'),
      { id: 'saveDeskDepartment', tag: 'desk', summary: 'Set a department up', refusals: ['failed_precondition'] },
      { params: ByName, body: SaveDepartment, response: { 200: DeskDepartment } },
    ),
    async (request) => {
      const department = { name: request.params.name, title: request.body.title };
      return { ...(await chat.desk.saveDepartment(actorFrom(request), department)) };
    },
  );

  http.delete(
    '/desk/departments/:name',
    operation(
      serversOnly('conversations'),
      { id: 'deleteDeskDepartment', tag: 'desk', summary: 'Forget a department; its chats stay' },
      { params: ByName, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.desk.deleteSetting(actorFrom(request), 'department', request.params.name);
      return reply.code(204).send(null);
    },
  );
}

function registerOperators(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/desk/operators',
    operation(
      anyone('conversations'),
      { id: 'listDeskOperators', tag: 'desk', summary: 'Operators, whether they are there, and how many chats they have' },
      { response: { 200: DeskOperators } },
    ),
    async (request) => {
      const operators = await chat.desk.listOperators(actorFrom(request));
      return { operators: operators.map((one) => toOperator(chat.links, one)) };
    },
  );

  http.put(
    '/desk/operators/:userId',
    operation(
      anyone('conversations'),
      {
        id: 'saveDeskOperator',
        tag: 'desk',
        summary: 'Whether I take new chats and how many at a time; back ends: of anybody, and what they serve',
        refusals: ['failed_precondition'],
      },
      { params: ByOperator, body: SaveOperator, response: { 200: DeskOperator } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const user = pathId(request.params.userId);
      const { available, capacity, sources, departments } = request.body;
      await chat.desk.saveProfile(actor, user, {
        ...(available !== undefined && { available }),
        ...(capacity !== undefined && { capacity }),
        ...(sources !== undefined && { sources }),
        ...(departments !== undefined && { departments }),
      });
      return toOperator(chat.links, await chat.desk.findOperator(actor, user));
    },
  );

  http.delete(
    '/desk/operators/:userId',
    operation(
      serversOnly('conversations'),
      {
        id: 'deleteDeskOperator',
        tag: 'desk',
        summary: 'Forget what an operator serves: from then on what the configuration says',
      },
      { params: ByOperator, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.desk.deleteSetting(actorFrom(request), 'operator', String(pathId(request.params.userId)));
      return reply.code(204).send(null);
    },
  );
}

function registerReplies(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/desk/replies',
    operation(
      anyone('conversations'),
      { id: 'listCannedReplies', tag: 'desk', summary: 'Canned replies' },
      { querystring: RepliesPlace, response: { 200: CannedReplies } },
    ),
    async (request) => {
      const { department, search, limit } = request.query;
      const replies = await chat.desk.listReplies(actorFrom(request), { department, search, limit: toLimit(limit) });
      return { replies: replies.map((one) => ({ ...one, id: String(one.id) })) };
    },
  );

  http.post(
    '/desk/replies',
    operation(
      anyone('conversations'),
      {
        id: 'createCannedReply',
        tag: 'desk',
        summary: 'Keep a canned reply',
        refusals: ['already_exists', 'failed_precondition'],
      },
      { body: SaveReply, response: { 201: CannedReply } },
    ),
    async (request, reply) => {
      const saved = await chat.desk.saveReply(actorFrom(request), { department: '', ...request.body, id: 0 });
      return reply.code(201).send({ ...saved, id: String(saved.id) });
    },
  );

  http.put(
    '/desk/replies/:id',
    operation(
      anyone('conversations'),
      { id: 'updateCannedReply', tag: 'desk', summary: 'Change a canned reply', refusals: ['already_exists'] },
      { params: ByReply, body: SaveReply, response: { 200: CannedReply } },
    ),
    async (request) => {
      const id = pathId(request.params.id);
      const saved = await chat.desk.saveReply(actorFrom(request), { department: '', ...request.body, id });
      return { ...saved, id: String(saved.id) };
    },
  );

  http.delete(
    '/desk/replies/:id',
    operation(
      anyone('conversations'),
      { id: 'deleteCannedReply', tag: 'desk', summary: 'Delete a canned reply' },
      { params: ByReply, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.desk.deleteSetting(actorFrom(request), 'reply', String(pathId(request.params.id)));
      return reply.code(204).send(null);
    },
  );
}
