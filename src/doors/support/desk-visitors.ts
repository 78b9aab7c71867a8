/** Visitors of websites under `/api/desk`: a token for nobody in particular, and joining it to somebody. */
import { PUBLIC, actorFrom, usersOnly } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { toVisitor } from './desk-codec.ts';
import { AdmitVisitor, Identify } from './desk-requests.ts';
import { Identified, Visitor } from './desk-wire.ts';

export function registerDeskVisitors(http: Routes, { chat, operation }: RouteDeps): void {
  http.post(
    '/desk/visitors',
    operation(
      PUBLIC,
      {
        id: 'admitVisitor',
        tag: 'visitors',
        summary: 'A token for the visitor of a page that may show the widget',
        refusals: ['permission_denied', 'not_found', 'rate_limited', 'failed_precondition'],
      },
      { body: AdmitVisitor, response: { 201: Visitor } },
    ),
    async (request, reply) => {
      const { source, visitor, namespace = 'default' } = request.body;
      const { origin } = request.headers;
      const answer = await chat.desk.admitVisitor({ namespace, source, origin, visitor, address: request.ip });
      return reply.code(201).send(toVisitor(answer));
    },
  );

  http.post(
    '/desk/visitors/identify',
    operation(
      usersOnly,
      {
        id: 'identifyVisitor',
        tag: 'visitors',
        summary: "With the visitor's token: who the visitor is, by a token that the website has signed",
        refusals: ['failed_precondition'],
      },
      { body: Identify, response: { 200: Identified } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const person = await chat.access.authenticate(request.body.token);
      return { userId: String(person.user), chats: await chat.desk.identifyVisitor(actor, person) };
    },
  );
}
