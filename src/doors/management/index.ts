/**
 * The management door: its part of HTTP under `/api`, for back ends and for users within their rights (wire.md section 5,
 * docs/protocols/management.md).
 */
import type { RouteDeps, Routes } from '../../api/index.ts';
import type { Door } from '../door.ts';
import { registerAccounts } from './accounts.ts';
import { registerApiTokens } from './api-tokens.ts';
import { registerBlocks } from './blocks.ts';
import { registerConversations } from './conversations.ts';
import { registerMembers } from './members.ts';
import { registerMessages } from './messages.ts';
import { registerPeople } from './people.ts';
import { MODERATION_COMPONENTS } from './moderation-wire.ts';
import { registerRestrictions } from './restrictions.ts';
import { registerRetention } from './retention.ts';
import { registerSessions } from './sessions.ts';
import { registerTokens } from './tokens.ts';
import { registerUsers } from './users.ts';
import { COMPONENTS } from './wire.ts';

const NAME = 'management';

const TAGS = {
  auth: 'Built-in accounts: sign up, sign in, sign out.',
  users: 'Accounts and their presence.',
  conversations: 'Conversations and who is in them.',
  messages: 'Reading, sending and changing messages; read and delivered cursors.',
  blocks: 'Whose private messages a user does not want.',
  sessions: 'Live connections.',
  moderation: 'Who is muted and banned, and who did what.',
  tokens: 'User tokens, tickets and tokens of back ends.',
};

export function createManagementDoor(): Door {
  return {
    name: NAME,
    attach({ api }) {
      api.register({ door: NAME, tags: TAGS, components: [...COMPONENTS, ...MODERATION_COMPONENTS], routes: registerRoutes });
    },
  };
}

function registerRoutes(http: Routes, deps: RouteDeps): void {
  registerAccounts(http, deps);
  registerUsers(http, deps);
  registerPeople(http, deps);
  registerConversations(http, deps);
  registerRetention(http, deps);
  registerMembers(http, deps);
  registerMessages(http, deps);
  registerBlocks(http, deps);
  registerSessions(http, deps);
  registerRestrictions(http, deps);
  registerTokens(http, deps);
  registerApiTokens(http, deps);
}
