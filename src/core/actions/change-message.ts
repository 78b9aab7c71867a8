/** Edit or take back a message. */
import { checkContent } from '../content.ts';
import type { Core } from '../core.ts';
import type { Access } from '../directory.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Content, Id, Message, Millis } from '../model.ts';
import { checkEdit, checkFound, checkRecall, writersOf } from '../policy.ts';
import type { Changed } from '../ports.ts';
import { settleContent } from './read-file.ts';

/** A decision made stale by a change of members is made again this often at the most. */
const MAX_DECISIONS = 5;

/** Replaces the content; the old one is kept as a revision. Kind and place stay. `within`: see `checkFound`. */
export async function editMessage(core: Core, actor: Actor, id: Id, content: Content, within?: Id): Promise<Changed> {
  checkContent(content, core.limits);
  core.speech.take(actor, { content });
  return judged(core, actor, id, content, async (said) => {
    const stored = await settleContent(core, actor, said);
    return edit(core, actor, { id, within }, (before) => {
      if (before.kind === said.kind) return stored;
      throw new ChatError('failed_precondition', `This message is a ${before.kind} and cannot become a ${said.kind}.`);
    });
  });
}

/** Has what is put in place of a message judged, where somebody is asked. */
function judged(
  core: Core,
  actor: Actor,
  id: Id,
  content: Content,
  store: (said: Content) => Promise<Changed>,
): Promise<Changed> {
  const { moderation } = core;
  if (moderation?.covers(actor) !== true) return store(content);
  return moderation.pass({ actor, content, place: {}, message: id }, store);
}

/** Replaces the words alone: those of a text, or the caption of a file, which an empty one takes away. */
export async function editText(core: Core, actor: Actor, id: Id, text: string): Promise<Changed> {
  const content: Content = { kind: 'text', text };
  core.speech.take(actor, { content });
  // A caption that is taken away says nothing.
  if (text === '') return editWords(core, actor, id, text);
  checkContent(content, core.limits);
  return judged(core, actor, id, content, (said) => editWords(core, actor, id, said.text ?? ''));
}

function editWords(core: Core, actor: Actor, id: Id, text: string): Promise<Changed> {
  return edit(core, actor, { id, within: undefined }, (before) => {
    if (before.location !== undefined) throw new ChatError('failed_precondition', 'A location has no words to edit.');
    const { text: _, ...rest } = before;
    const changed = rest.resource !== undefined && text === '' ? rest : { ...rest, text };
    checkContent(changed, core.limits);
    return changed;
  });
}

/** Decides on fresh data until the store takes the decision. */
async function edit(
  core: Core,
  actor: Actor,
  { id, within }: { readonly id: Id; readonly within: Id | undefined },
  change: (before: Content) => Content,
): Promise<Changed> {
  for (let decision = 1; decision <= MAX_DECISIONS; decision += 1) {
    const { message, access } = await find(core, actor, id, within);
    const { kind } = checkEdit(actor, access, message, windowOf(message, core.limits.editWindow), core.now());
    if (message.content === undefined)
      throw new ChatError('failed_precondition', 'A recalled or expired message cannot be edited.');
    const outcome = await core.committer.commit({
      type: 'edit',
      message: id,
      user: actor.user,
      writers: writersOf(actor, kind),
      content: change(message.content),
      keep: core.limits.maxRevisions,
      origin: actor,
    });
    if (outcome !== 'stale') return outcome;
    core.directory.forget(actor.namespace, actor.user, { conversation: message.conversation });
  }
  throw changing();
}

/** Erases the content; the place stays with a recall marker. Recalling twice answers the same. `within`: see `checkFound`. */
export async function recallMessage(core: Core, actor: Actor, id: Id, within?: Id): Promise<Changed> {
  const { message, access } = await find(core, actor, id, within);
  checkRecall(actor, access, message, windowOf(message, core.limits.recallWindow), core.now());
  const outcome = await core.committer.commit({ type: 'recall', message: id, user: actor.user, origin: actor });
  if (outcome === 'stale') throw changing();
  return outcome;
}

async function find(
  core: Core,
  actor: Actor,
  id: Id,
  within: Id | undefined,
): Promise<{ readonly message: Message; readonly access: Access }> {
  const message = checkFound(await core.store.message(id), within);
  const access = await core.directory.load(actor.namespace, actor.user, { conversation: message.conversation });
  return { message, access };
}

/** What is gone already has no window: it answers as what it is. */
function windowOf({ state }: Message, window: Millis): Millis {
  return state === 'sent' ? window : 0;
}

function changing(): ChatError {
  return new ChatError('unavailable', 'The message is changing. Try again.');
}
