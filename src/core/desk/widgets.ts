/** Which widgets clients may open chats in, and from which pages. */
import type { Core } from '../core.ts';
import { checkString } from '../content.ts';
import { ChatError } from '../errors.ts';
import type { Actor } from '../model.ts';
import type { Widget } from './model.ts';

/** Characters of a widget's or department's name: one word in an address. */
export const MAX_NAME_LENGTH = 64;

/** A page that shows a widget, as the browser says; other programs say nothing. */
export interface Page {
  readonly origin: string | undefined;
  /** The host that the page asked for: ours. Its own pages may show every widget. */
  readonly host?: string | undefined;
}

/**
 * The widget in which a client opens a chat. Where no widget is set any may be named, so that a desk can be tried out; once there are some, only
 * they. Without a name it is the widget of the client's token, else none: what comes through no widget is everybody's.
 */
export async function widgetFor(core: Core, actor: Actor, asked: string): Promise<Widget> {
  checkName('source', asked);
  const source = asked === '' ? (actor.source ?? '') : asked;
  if (actor.source !== undefined && actor.source !== source) {
    throw new ChatError('permission_denied', 'source: the token is for another widget', { fields: { source: 'is another' } });
  }
  return source === '' ? (await core.desk.settings.of(actor.namespace)).widget('') : knownWidget(core, actor.namespace, source);
}

/** The widget of a page that asks for a visitor's token: a page of an origin that it allows, named by the browser. */
export async function admittingWidget(
  core: Core,
  { namespace, source, origin }: { readonly namespace: string; readonly source: string; readonly origin: string | undefined },
): Promise<Widget> {
  checkName('source', source);
  const widget = await knownWidget(core, namespace, source);
  if (widget.origins.length > 0 && (origin === undefined || !widget.origins.includes(origin))) throw foreignPage();
  return widget;
}

/** Refuses a page that may not show the widget. Pages of our own may, and programs that are no browsers. Operators' screens are no widgets. */
export async function checkPage(core: Core, actor: Pick<Actor, 'namespace' | 'role'>, source: string, page: Page): Promise<void> {
  const { origin, host } = page;
  if (origin === undefined || actor.role === 'operator') return;
  const { origins } = (await core.desk.settings.of(actor.namespace)).widget(source);
  if (origins.length > 0 && !origins.includes(origin) && !isOwn(origin, host)) throw foreignPage();
}

async function knownWidget(core: Core, namespace: string, source: string): Promise<Widget> {
  const settings = await core.desk.settings.of(namespace);
  if (settings.widgets.size > 0 && !settings.widgets.has(source)) throw new ChatError('not_found', 'There is no such widget.');
  return settings.widget(source);
}

function foreignPage(): ChatError {
  const reason = 'This page may not show the widget: its origin is not among those that are allowed.';
  return new ChatError('permission_denied', reason);
}

function isOwn(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
}

/** The name of a widget or department; empty is none. */
export function checkName(field: string, name: string): void {
  checkString(field, name);
  if (name.length <= MAX_NAME_LENGTH) return;
  const problem = `must not be longer than ${MAX_NAME_LENGTH} characters`;
  throw new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}
