/** Who could learn of what is said in one support chat, and what is said there. */
import type { DeskRole } from '../clients/support.ts';
import { API_TOKENS } from '../server.ts';
import { tokenFor } from '../tokens.ts';

export interface Person {
  readonly name: string;
  readonly id: number;
  readonly role: DeskRole;
  /** One of the chat's members, as doors know them that know nothing of desks. */
  readonly member: boolean;
  /** An operator who serves the chat's widget. */
  readonly serves: boolean;
  /** Has a connection in the chat for as long as something is said. */
  readonly inside: boolean;
  /** Calls with an Api-Token on behalf of the user; such a caller has no connections. */
  readonly server: boolean;
  readonly token: string | null;
}

/** The client's id is the server's to give: an anonymous visitor. */
export const CLIENT = 0;
export const OTHER = 22;
export const ANN = 31;
export const BEN = 32;
export const EVE = 33;
export const BOT = 41;
const OTHER_BOT = 42;
export const STRANGER = 51;
const GUEST = 52;
export const FORMER = 53;
const OTHER_VISITOR = 0;

export const SOURCE = 'lk';

interface Named {
  readonly name: string;
  readonly id: number;
  readonly role: DeskRole;
  readonly member?: boolean;
  readonly serves?: boolean;
  readonly inside?: boolean;
}

export const CLIENT_NAME = 'the client, an anonymous visitor';
export const OTHER_VISITOR_NAME = 'another anonymous visitor';

const NAMED: readonly Named[] = [
  { name: CLIENT_NAME, id: CLIENT, role: 'user', member: true, inside: true },
  { name: OTHER_VISITOR_NAME, id: OTHER_VISITOR, role: 'user' },
  { name: 'a user who is a member', id: OTHER, role: 'user', member: true, inside: true },
  { name: 'a user who is not', id: STRANGER, role: 'user' },
  { name: 'the operator who has the chat', id: ANN, role: 'operator', member: true, serves: true, inside: true },
  { name: 'an operator of the widget who is not in the chat', id: BEN, role: 'operator', serves: true },
  { name: 'an operator of another widget', id: EVE, role: 'operator' },
  { name: 'a bot that is a member', id: BOT, role: 'bot', member: true, inside: true },
  { name: 'a bot that is not', id: OTHER_BOT, role: 'bot' },
  { name: 'a guest', id: GUEST, role: 'guest' },
  // Guests hear and read of rooms and of nothing else, whatever they were a member of before.
  { name: 'a guest who was a member before', id: FORMER, role: 'guest', member: true },
];

/** `visitors`: ids and tokens of the two anonymous visitors. */
export function people(visitors: Readonly<Record<string, { readonly id: number; readonly token: string }>>): readonly Person[] {
  const users = NAMED.map(({ name, id, role, member = false, serves = false, inside = false }) => {
    const token = visitors[name]?.token ?? tokenFor(id, { role });
    return { name, id: visitors[name]?.id ?? id, role, member, serves, inside, server: false, token };
  });
  const servers = users.map((one) => ({ ...one, name: `a back end for ${one.name}`, inside: false, server: true, token: null }));
  return [...users, ...servers];
}

export const NAMES: readonly string[] = [...NAMED.map(({ name }) => name), ...NAMED.map(({ name }) => `a back end for ${name}`)];

export function headersOf({ id, server, token }: Person): Record<string, string> {
  if (server) return { 'api-token': API_TOKENS.admin, 'x-on-behalf-of': String(id) };
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** What is said in the chat: a word that stands in nothing else, and whom it is for. */
export const OPEN = ['clientsaid', 'operatorsaid', 'botsaid', 'botpushed'] as const;

/** Notes are for operators, system messages for one role each; the last is for nobody whom we know. */
export const ASIDES: Readonly<Record<string, string>> = {
  notewritten: 'operator',
  notepushed: 'operator',
  systemforusers: 'user',
  systemforoperators: 'operator',
  systemforbots: 'bot',
  systemforothers: 'supervisor',
};

export const WORDS: readonly string[] = [...OPEN, ...Object.keys(ASIDES)];

export function asidesFor(role: DeskRole): readonly string[] {
  return Object.keys(ASIDES).filter((word) => ASIDES[word] === role);
}
