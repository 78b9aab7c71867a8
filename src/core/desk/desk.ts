/** The support desk as doors see it: every verb of it, bound to one core. Part of `Chat`. */
import type { Core } from '../core.ts';
import * as backEnd from './back-end.ts';
import * as chats from './chats.ts';
import { findChat } from './access.ts';
import * as history from './history.ts';
import * as lists from './lists.ts';
import * as manage from './manage.ts';
import * as messages from './messages.ts';
import * as steps from './steps.ts';
import * as visitors from './visitors.ts';
import { checkPage } from './widgets.ts';

/** Leaves the core argument out of an action. */
type Bound<F> = F extends (core: Core, ...rest: infer A) => infer R ? (...rest: A) => R : never;

export interface Desk {
  readonly findChat: Bound<typeof findChat>;
  readonly openChat: Bound<typeof chats.openChat>;
  readonly enterChat: Bound<typeof chats.enterChat>;
  readonly leaveChat: Bound<typeof chats.leaveChat>;
  readonly listPresent: Bound<typeof chats.listPresent>;
  readonly attendDesk: Bound<typeof chats.attendDesk>;
  readonly listAttendances: Bound<typeof chats.listAttendances>;

  readonly sendMessage: Bound<typeof messages.sendChatMessage>;
  readonly mark: Bound<typeof messages.markChat>;
  readonly type: Bound<typeof messages.typeInChat>;
  readonly readHistory: Bound<typeof history.readChatHistory>;
  readonly readWhole: Bound<typeof history.readWhole>;
  readonly resume: Bound<typeof history.resumeChat>;
  readonly placeOfMessage: Bound<typeof history.placeOfMessage>;

  readonly take: Bound<typeof steps.takeChat>;
  readonly join: Bound<typeof steps.joinChat>;
  readonly transfer: Bound<typeof steps.transferChat>;
  readonly close: Bound<typeof steps.closeChat>;
  readonly reopen: Bound<typeof steps.reopenChat>;
  readonly rate: Bound<typeof steps.rateChat>;

  readonly listChats: Bound<typeof lists.listChats>;
  readonly countChats: Bound<typeof lists.countChats>;
  readonly listOperators: Bound<typeof lists.listOperators>;
  readonly findOperator: Bound<typeof lists.findOperator>;

  readonly listWidgets: Bound<typeof manage.listWidgets>;
  readonly saveWidget: Bound<typeof manage.saveWidget>;
  readonly listDepartments: Bound<typeof manage.listDepartments>;
  readonly saveDepartment: Bound<typeof manage.saveDepartment>;
  readonly saveProfile: Bound<typeof manage.saveProfile>;
  readonly listReplies: Bound<typeof manage.listReplies>;
  readonly saveReply: Bound<typeof manage.saveReply>;
  readonly deleteSetting: Bound<typeof manage.deleteSetting>;

  readonly checkPage: Bound<typeof checkPage>;
  readonly admitVisitor: Bound<typeof visitors.admitVisitor>;
  readonly identifyVisitor: Bound<typeof visitors.identifyVisitor>;

  readonly supplyChat: Bound<typeof backEnd.supplyChat>;
  readonly supplyMessage: Bound<typeof backEnd.supplyMessage>;
  readonly supplyMessageUpdate: Bound<typeof backEnd.supplyMessageUpdate>;
  readonly supplyOperators: Bound<typeof backEnd.supplyOperators>;
  readonly supplyGlobal: Bound<typeof backEnd.supplyGlobal>;
  readonly notifyOperator: Bound<typeof backEnd.notifyOperator>;
}

export function bindDesk(core: Core): Desk {
  const bind =
    <A extends unknown[], R>(action: (core: Core, ...rest: A) => R) =>
    (...rest: A): R =>
      action(core, ...rest);
  return {
    findChat: bind(findChat),
    openChat: bind(chats.openChat),
    enterChat: bind(chats.enterChat),
    leaveChat: bind(chats.leaveChat),
    listPresent: bind(chats.listPresent),
    attendDesk: bind(chats.attendDesk),
    listAttendances: bind(chats.listAttendances),
    sendMessage: bind(messages.sendChatMessage),
    mark: bind(messages.markChat),
    type: bind(messages.typeInChat),
    readHistory: bind(history.readChatHistory),
    readWhole: bind(history.readWhole),
    resume: bind(history.resumeChat),
    placeOfMessage: bind(history.placeOfMessage),
    take: bind(steps.takeChat),
    join: bind(steps.joinChat),
    transfer: bind(steps.transferChat),
    close: bind(steps.closeChat),
    reopen: bind(steps.reopenChat),
    rate: bind(steps.rateChat),
    listChats: bind(lists.listChats),
    countChats: bind(lists.countChats),
    listOperators: bind(lists.listOperators),
    findOperator: bind(lists.findOperator),
    listWidgets: bind(manage.listWidgets),
    saveWidget: bind(manage.saveWidget),
    listDepartments: bind(manage.listDepartments),
    saveDepartment: bind(manage.saveDepartment),
    saveProfile: bind(manage.saveProfile),
    listReplies: bind(manage.listReplies),
    saveReply: bind(manage.saveReply),
    deleteSetting: bind(manage.deleteSetting),
    checkPage: bind(checkPage),
    admitVisitor: bind(visitors.admitVisitor),
    identifyVisitor: bind(visitors.identifyVisitor),
    supplyChat: bind(backEnd.supplyChat),
    supplyMessage: bind(backEnd.supplyMessage),
    supplyMessageUpdate: bind(backEnd.supplyMessageUpdate),
    supplyOperators: bind(backEnd.supplyOperators),
    supplyGlobal: bind(backEnd.supplyGlobal),
    notifyOperator: bind(backEnd.notifyOperator),
  };
}
