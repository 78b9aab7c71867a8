/** What is kept of a person, as records of an export. Pure. */
import { toTime } from '../../api/index.ts';
import type { Erasure, ExportRecord, Links, StoredFile } from '../../core/index.ts';
import { toMessage, toRevision, toSession, toUser } from './codec.ts';
import type { Erasure as ErasureAnswer } from './wire.ts';

export function toErasure({ user, startedAt, finishedAt }: Erasure): ErasureAnswer {
  return {
    userId: String(user),
    state: finishedAt === undefined ? 'running' : 'done',
    startedAt: toTime(startedAt),
    ...(finishedAt !== undefined && { finishedAt: toTime(finishedAt) }),
  };
}

/** One line of an export. */
export function toExportLine(links: Links, record: ExportRecord): object {
  switch (record.type) {
    case 'user':
      return { record: 'user', ...toUser({ user: record.user }, { external: true }, links) };
    case 'conversation': {
      const { conversation, membership } = record;
      return {
        record: 'conversation',
        id: String(conversation.id),
        kind: conversation.kind,
        name: conversation.name,
        ...(conversation.peers !== undefined && { userIds: conversation.peers.map(String) }),
        role: membership.role,
        joinedAt: toTime(membership.joinedAt),
        readIndex: membership.readIndex,
        deliveredIndex: membership.deliveredIndex,
      };
    }
    case 'message': {
      const revisions = record.revisions.map((revision) => toRevision(revision, links));
      return { record: 'message', ...toMessage(record.message, links), ...(revisions.length > 0 && { revisions }) };
    }
    case 'file':
      return { record: 'file', ...toFile(record.file) };
    case 'block':
      return { record: 'block', userId: String(record.user) };
    case 'session':
      return { record: 'session', ...toSession(record.session) };
  }
}

function toFile({ id, name, mediaType, size, hash, createdAt }: StoredFile): object {
  return { id: String(id), name, mediaType, size, sha256: hash, createdAt: toTime(createdAt) };
}
