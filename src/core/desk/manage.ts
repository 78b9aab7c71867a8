/** The desk's settings: widgets, departments and operators' profiles are a back end's; an operator says when to be asked, and keeps canned replies. */
import { checkLabel, checkString } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id } from '../model.ts';
import { notFound } from '../policy.ts';
import { checkOperator, isBackEnd, sourcesOf } from './access.ts';
import { attendDesk, leaveChat, settledChat } from './chats.ts';
import { checkName } from './widgets.ts';
import { isTimeZone } from './hours.ts';
import type { BusinessHours, CannedReply, Department, DeskSetting, DeskSettingKind, OperatorProfile, Widget } from './model.ts';
import { serves } from './serving.ts';
import { withdrawOperator } from './withdraw.ts';

/** Widgets, departments, profiles and replies in a namespace, of each kind: all are in memory. */
const MAX_SETTINGS = 10_000;

/** Chats at a time: beyond it nobody follows. */
const MAX_CAPACITY = 1_000;

const MAX_ORIGINS = 100;
const MAX_HOURS = 100;
const MAX_TYPES = 100;

export async function listWidgets(core: Core, actor: Actor): Promise<readonly Widget[]> {
  checkOperator(actor);
  const { widgets } = await core.desk.settings.of(actor.namespace);
  const served = isBackEnd(actor) ? 'all' : await sourcesOf(core, actor);
  return [...widgets.values()].filter(({ source }) => serves(served, source)).sort(by(({ source }) => source));
}

export async function saveWidget(core: Core, actor: Actor, widget: Widget): Promise<Widget> {
  checkManager(actor);
  checkKey('source', widget.source);
  checkLabel('title', widget.title, core.limits.maxNameLength);
  checkName('department', widget.department);
  checkOrigins(widget.origins);
  if (widget.hours !== undefined) checkHours(widget.hours);
  checkCount('attachments.types', widget.attachments.types.length, MAX_TYPES);
  for (const type of widget.attachments.types) checkLabel('attachments.types', type, core.limits.maxNameLength);
  await save(core, actor, { kind: 'widget', name: widget.source, value: widget });
  return widget;
}

function checkOrigins(origins: readonly string[]): void {
  checkCount('origins', origins.length, MAX_ORIGINS);
  for (const [at, origin] of origins.entries()) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    if (url === undefined || url.origin !== origin) throw bad(`origins.${at}`, 'is an origin: https://www.example.com');
  }
}

function checkHours({ timeZone, hours }: BusinessHours): void {
  if (!isTimeZone(timeZone)) throw bad('hours.timeZone', 'is the name of a time zone: Europe/Berlin');
  checkCount('hours.hours', hours.length, MAX_HOURS);
  for (const [at, { day, from, to }] of hours.entries()) {
    const fits = Number.isInteger(day) && day >= 1 && day <= 7 && from >= 0 && from < to && to <= 1440;
    if (!fits)
      throw bad(`hours.hours.${at}`, 'is a day from 1 (Monday) to 7, and minutes from 0 to 1440, the later after the earlier');
  }
}

export async function listDepartments(core: Core, actor: Actor): Promise<readonly Department[]> {
  checkOperator(actor);
  return [...(await core.desk.settings.of(actor.namespace)).departments.values()].sort(by(({ name }) => name));
}

export async function saveDepartment(core: Core, actor: Actor, department: Department): Promise<Department> {
  checkManager(actor);
  checkKey('name', department.name);
  checkLabel('title', department.title, core.limits.maxNameLength);
  await save(core, actor, { kind: 'department', name: department.name, value: department });
  return department;
}

/** What an operator serves is a back end's to say; whether to be asked for new chats, and for how many, the operator's own too. */
export async function saveProfile(
  core: Core,
  actor: Actor,
  user: Id,
  change: Partial<Omit<OperatorProfile, 'user'>>,
): Promise<OperatorProfile> {
  const own = actor.role === 'operator' && actor.user === user;
  if (!own || change.sources !== undefined || change.departments !== undefined) checkManager(actor);
  const profile: OperatorProfile = { ...(await core.desk.settings.of(actor.namespace)).profile(user), ...change, user };
  const { sources = [] } = profile;
  for (const name of sources) checkKey('sources', name);
  for (const name of profile.departments) checkKey('departments', name);
  checkCount('sources', sources.length, MAX_SETTINGS);
  checkCount('departments', profile.departments.length, MAX_SETTINGS);
  if (!Number.isInteger(profile.capacity) || profile.capacity < 0 || profile.capacity > MAX_CAPACITY) {
    throw bad('capacity', `is a whole number from 0 to ${MAX_CAPACITY}`);
  }
  await ensureOperator(core, actor, user);
  await save(core, actor, { kind: 'operator', name: String(user), value: profile });
  await profileChanged(core, actor.namespace, user, change.sources !== undefined);
  return profile;
}

/** Somebody who has never connected is an operator from now on, so that nothing else is heard first. Their first token may say otherwise. */
async function ensureOperator(core: Core, { namespace }: Actor, id: Id): Promise<void> {
  const known = await core.directory.user(namespace, id);
  if (known?.erasedAt !== undefined) throw notFound();
  if (known === undefined) settledChat(await core.committer.commit({ type: 'user', namespace, id, role: 'operator' }));
}

/** The operator's live sessions hear what the profile says from now on, and nothing else. */
async function profileChanged(core: Core, namespace: string, user: Id, assigned: boolean): Promise<void> {
  core.desk.tally.profileChanged(namespace, user);
  for (const { session, asked } of core.hub.attendances(namespace)) {
    if (session.actor.user === user) await attendDesk(core, session, asked);
  }
  if (assigned) await withdrawOperator(core, namespace, user);
  const served = await sourcesOf(core, { namespace, user });
  for (const session of core.hub.sessionsOf(namespace, user)) {
    for (const id of core.hub.roomsOf(session)) {
      const conversation = await core.directory.conversation(id);
      if (conversation?.kind !== 'support' || serves(served, conversation.source ?? '')) continue;
      if ((await core.directory.role(id, user)) === undefined) leaveChat(core, session, id);
    }
  }
}

/** Canned replies of a department and those of all, that have the words somewhere, by name. */
export async function listReplies(
  core: Core,
  actor: Actor,
  {
    department,
    search = '',
    limit,
  }: { readonly department?: string | undefined; readonly search?: string | undefined; readonly limit: number },
): Promise<readonly CannedReply[]> {
  checkOperator(actor);
  const { replies } = await core.desk.settings.of(actor.namespace);
  const words = search
    .toLocaleLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const fits = ({ name, text, department: own }: CannedReply): boolean => {
    if (department !== undefined && own !== '' && own !== department) return false;
    const all = `${name}\n${text}`.toLocaleLowerCase();
    return words.every((word) => all.includes(word));
  };
  return [...replies.values()]
    .filter(fits)
    .sort(by(({ name }) => name))
    .slice(0, limit);
}

/** `id` 0: a new one. */
export async function saveReply(core: Core, actor: Actor, reply: CannedReply): Promise<CannedReply> {
  checkOperator(actor);
  checkKey('name', reply.name);
  checkName('department', reply.department);
  checkString('text', reply.text);
  if (reply.text === '') throw bad('text', 'is what is answered');
  if (Buffer.byteLength(reply.text) > core.limits.maxTextBytes)
    throw bad('text', `must not be larger than ${core.limits.maxTextBytes} bytes`);
  const { replies } = await core.desk.settings.of(actor.namespace);
  if (reply.id !== 0 && !replies.has(reply.id)) throw notFound();
  const taken = [...replies.values()].find(({ name, department }) => name === reply.name && department === reply.department);
  if (taken !== undefined && taken.id !== reply.id) {
    throw new ChatError('already_exists', `name: there is a reply named ${reply.name}`, { fields: { name: 'is taken' } });
  }
  const saved = await save(core, actor, { kind: 'reply', name: String(reply.id), value: reply });
  return saved.kind === 'reply' ? saved.value : reply;
}

/** Deletes a setting by its name: a widget's source, a department, a user's id, a reply's id. What it restricted is free from then on. */
export async function deleteSetting(core: Core, actor: Actor, kind: DeskSettingKind, name: string): Promise<void> {
  if (kind === 'reply') checkOperator(actor);
  else checkManager(actor);
  const outcome = settledChat(
    await core.committer.commit({ type: 'desk-setting-delete', namespace: actor.namespace, kind, name }),
  );
  if (!outcome.deleted) throw notFound();
  if (kind === 'operator') await profileChanged(core, actor.namespace, Number(name), true);
}

async function save(core: Core, actor: Actor, setting: DeskSetting): Promise<DeskSetting> {
  const { namespace } = actor;
  const settings = await core.desk.settings.of(namespace);
  const kept = {
    widget: settings.widgets,
    department: settings.departments,
    operator: settings.profiles,
    reply: settings.replies,
  };
  if (kept[setting.kind].size >= MAX_SETTINGS) {
    throw new ChatError('failed_precondition', `There are ${MAX_SETTINGS} of them already, which is the most there may be.`);
  }
  return settledChat(await core.committer.commit({ type: 'desk-setting', namespace, setting })).setting;
}

function checkManager(actor: Actor): void {
  if (isBackEnd(actor)) return;
  throw new ChatError('permission_denied', 'Only back ends with an Api-Token may do this.');
}

function checkKey(field: string, name: string): void {
  checkName(field, name);
  if (name === '') throw bad(field, 'must not be empty');
}

function checkCount(field: string, count: number, limit: number): void {
  if (count > limit) throw bad(field, `at most ${limit}`);
}

function by<T>(key: (one: T) => string): (one: T, other: T) => number {
  return (one, other) => (key(one) < key(other) ? -1 : 1);
}

function bad(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}
