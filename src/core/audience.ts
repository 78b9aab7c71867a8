/** Which live sessions a back end means: by id or by tag (wire.md section 1, InnerChat). */
import type { Audience } from './events.ts';
import type { Hub } from './hub.ts';
import { parseId } from './ids.ts';
import type { Session } from './session.ts';

export function selectSessions(hub: Hub, namespace: string, audience: Audience): readonly Session[] {
  if ('sessions' in audience) {
    const named = audience.sessions.map((id) => hub.session(id)).filter((session) => session !== undefined);
    return named.filter(({ actor }) => actor.namespace === namespace);
  }
  const { tag, prefixed } = audience;
  if (!prefixed) return byTag(hub, namespace, tag);
  return [...hub.sessions()].filter(
    (session) => session.actor.namespace === namespace && tagsOf(hub, session).some((own) => own.startsWith(tag)),
  );
}

function byTag(hub: Hub, namespace: string, tag: string): readonly Session[] {
  const [kind, name = ''] = tag.split(/:(.*)/s, 2);
  if (kind === 'door') return [...hub.sessions()].filter(({ actor }) => actor.namespace === namespace && actor.door === name);
  const id = parseId(name);
  if (id === undefined) return [];
  if (kind === 'user') return hub.sessionsOf(namespace, id);
  if (kind === 'conversation') return hub.audienceOf(id).filter(({ actor }) => actor.namespace === namespace);
  return [];
}

function tagsOf(hub: Hub, session: Session): string[] {
  const conversations = [...hub.conversationsOf(session), ...hub.roomsOf(session)];
  return [`user:${session.actor.user}`, `door:${session.actor.door}`, ...conversations.map((id) => `conversation:${id}`)];
}
