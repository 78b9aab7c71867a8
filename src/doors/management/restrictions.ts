/** Who is muted and banned, and the log of who did what: for back ends with a token for it. */
import { Nothing, actorFrom, pathId, serversOnly, toLimit, toNext, toPlace, toTime } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import type { AuditEntry as CoreEntry, Doer as CoreDoer, Restriction as CoreRestriction } from '../../core/index.ts';
import {
  AuditLog,
  AuditPlace,
  LiftRestriction,
  RestrictUser,
  Restriction,
  RestrictionPlace,
  Restrictions,
} from './moderation-wire.ts';
import type { AuditEntry, Doer } from './moderation-wire.ts';
import { ByUser } from './requests.ts';

export function registerRestrictions(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/restrictions',
    operation(
      serversOnly('moderation'),
      { id: 'listRestrictions', tag: 'moderation', summary: 'Who is muted or banned' },
      { querystring: RestrictionPlace, response: { 200: Restrictions } },
    ),
    (request) => {
      const limit = toLimit(request.query.limit);
      const page = chat.listRestrictions(actorFrom(request), toPlace('after', request.query.after), limit);
      const last = page.at(-1);
      const users = new Set(page.map(({ user }) => user)).size;
      return Promise.resolve({
        restrictions: page.map(toRestriction),
        ...(last !== undefined && users >= limit && { next: String(last.user) }),
      });
    },
  );

  http.get(
    '/restrictions/:userId',
    operation(
      serversOnly('moderation'),
      { id: 'getRestrictions', tag: 'moderation', summary: 'What a user may not do' },
      { params: ByUser, response: { 200: Restrictions } },
    ),
    (request) => {
      const found = chat.findRestrictions(actorFrom(request), pathId(request.params.userId));
      return Promise.resolve({ restrictions: found.map(toRestriction) });
    },
  );

  http.put(
    '/restrictions/:userId',
    operation(
      serversOnly('moderation'),
      { id: 'restrictUser', tag: 'moderation', summary: 'Mute or ban a user, for a time or until it is lifted' },
      { params: ByUser, body: RestrictUser, response: { 200: Restriction } },
    ),
    async (request) => {
      const { kind, seconds, reason } = request.body;
      const user = pathId(request.params.userId);
      const restriction = await chat.restrictUser(actorFrom(request), {
        user,
        kind,
        ...(seconds !== undefined && { lasts: Math.round(seconds * 1000) }),
        ...(reason !== undefined && { reason }),
      });
      return toRestriction(restriction);
    },
  );

  http.delete(
    '/restrictions/:userId',
    operation(
      serversOnly('moderation'),
      { id: 'liftRestriction', tag: 'moderation', summary: 'Let a user speak, or in, again' },
      { params: ByUser, querystring: LiftRestriction, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      const { kind, reason } = request.query;
      await chat.liftRestriction(actorFrom(request), pathId(request.params.userId), kind, reason);
      return reply.code(204).send(null);
    },
  );

  http.get(
    '/audit',
    operation(
      serversOnly('moderation'),
      { id: 'readAudit', tag: 'moderation', summary: 'Who did what, newest first' },
      { querystring: AuditPlace, response: { 200: AuditLog } },
    ),
    async (request) => {
      const limit = toLimit(request.query.limit);
      const page = await chat.readAudit(actorFrom(request), toPlace('before', request.query.before), limit);
      return { entries: page.map(toEntry), ...toNext(page, limit, ({ id }) => id) };
    },
  );
}

function toRestriction({ user, kind, until, reason, by, at }: CoreRestriction): Restriction {
  return {
    userId: String(user),
    kind,
    ...(until !== undefined && { until: toTime(until) }),
    reason,
    by: toDoer(by),
    at: toTime(at),
  };
}

function toEntry({ id, at, by, action, user, subject, reason }: CoreEntry): AuditEntry {
  return {
    id: String(id),
    at: toTime(at),
    by: toDoer(by),
    action,
    ...(user !== 0 && { userId: String(user) }),
    ...(subject !== '' && { subject }),
    ...(reason !== '' && { reason }),
  };
}

function toDoer({ apiToken, user }: CoreDoer): Doer {
  return { ...(apiToken !== undefined && { apiToken }), ...(user !== 0 && { userId: String(user) }) };
}
