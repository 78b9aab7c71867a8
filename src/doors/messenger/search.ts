/** Finding messages by their words. */
import { actorFrom, createComponents, id, limit, someone, toId, toLimit } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { shownName } from '../../core/index.ts';
import type { Actor, Chat, Message } from '../../core/index.ts';
import { Type } from 'typebox';
import { toMessageObject } from './codec.ts';
import { MessageObject } from './wire.ts';

const TEAM = '489204140204032';
const HELLO = '489204140208128';

const Search = Type.Object({
  q: Type.String({
    maxLength: 256,
    description:
      'Words, all of which a message must have, in any order; of longer words the ending does not matter, one of three letters finds those a little longer.',
    examples: ['invoice'],
  }),
  chatId: Type.Optional(id('Only in this chat.', TEAM)),
  before: Type.Optional(id('The page after the one that ended with this message.', HELLO)),
  limit,
});

const { component, components } = createComponents();

const FoundMessages = component(
  'FoundMessages',
  'Messages that were found, newest first.',
  Type.Object({
    messages: Type.Array(MessageObject),
    more: Type.Boolean({ description: 'Older messages match as well: ask again with `before`.' }),
  }),
  { messages: [], more: false },
);

export const SEARCH_COMPONENTS: readonly object[] = components;

export function registerSearch(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/search',
    operation(
      someone('messages'),
      {
        id: 'searchMessages',
        tag: 'search',
        summary: 'Messages in my chats that have these words, newest first',
        refusals: ['rate_limited', 'not_found'],
      },
      { querystring: Search, response: { 200: FoundMessages } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const { q, chatId, before, limit: asked } = request.query;
      const { messages, more } = await chat.searchMessages(actor, {
        query: q,
        ...(chatId !== undefined && { conversation: toId('chatId', chatId) }),
        ...(before !== undefined && { before: toId('before', before) }),
        limit: toLimit(asked),
      });
      const found: MessageObject[] = [];
      for (const message of messages) found.push(await shown(chat, actor, message));
      return { messages: found, more };
    },
  );
}

async function shown(chat: Chat, { namespace }: Actor, message: Message): Promise<MessageObject> {
  const sender = await chat.findUser(namespace, message.sender);
  return toMessageObject(chat.links, message, sender && shownName(sender));
}
