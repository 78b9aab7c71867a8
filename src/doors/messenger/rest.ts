/** The messenger's part of HTTP under `/api` (wire.md section 3, docs/protocols/messenger-rest.md). */
import type { Part, RouteDeps, Routes } from '../../api/index.ts';
import { COMPONENTS } from './answers.ts';
import { registerChats } from './chats.ts';
import { registerMessages } from './messages.ts';
import { createViews } from './rest-views.ts';
import { SEARCH_COMPONENTS, registerSearch } from './search.ts';

const TAGS = {
  chats: 'Chats and who is in them, as the messenger sees conversations.',
  'chat messages': 'Reading, sending and changing messages of chats; what has been read.',
  search: 'Finding messages by their words.',
};

/** `door`: under which name what is done here is recorded and counted. */
export function createMessengerApi({ door }: { door: string }): Part {
  return { door, tags: TAGS, components: [...COMPONENTS, ...SEARCH_COMPONENTS], routes: registerRoutes };
}

async function registerRoutes(http: Routes, { chat, operation }: RouteDeps): Promise<void> {
  http.addHook('preValidation', async (request) => {
    request.body = withoutNulls(request.body);
  });
  const deps = { chat, operation, views: createViews({ chat }) };
  registerChats(http, deps);
  await registerMessages(http, deps);
  registerSearch(http, deps);
}

/** Clients of this family write `null` for what they do not give: such a member is as absent. */
function withoutNulls(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}
