/** The support door's part of HTTP under `/api`: what operators' consoles, widgets and back ends do besides talking (docs/protocols/desk.md). */
import type { Part } from '../../api/index.ts';
import { registerDeskChats } from './desk-chats.ts';
import { registerDeskMessages } from './desk-messages.ts';
import { registerDeskSettings } from './desk-settings.ts';
import { registerDeskVisitors } from './desk-visitors.ts';
import { COMPONENTS } from './desk-wire.ts';

export const DESK_PART: Part = {
  door: 'support',
  tags: {
    desk: 'The support desk: chats of clients, the queue, operators and their settings.',
    visitors: 'Visitors of websites.',
  },
  components: COMPONENTS,
  routes(http, deps) {
    registerDeskChats(http, deps);
    registerDeskMessages(http, deps);
    registerDeskSettings(http, deps);
    registerDeskVisitors(http, deps);
  },
};
