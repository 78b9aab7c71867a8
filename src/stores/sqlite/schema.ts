/**
 * The tables of the embedded store. Messages are one append-only log in id order; where a conversation's messages lie in it is kept in
 * chunks of ids that are written behind (see sequences.ts and docs/adr/0004-log-and-chunks.md), because a b-tree entry per message
 * costs several times the message itself.
 */
import type { Migration } from '../sql/migration.ts';
import { indexUsers } from './accounts.ts';
import type { Database } from './database.ts';

export interface SqliteMigration extends Migration {
  /** What SQL cannot say, in the same transaction. */
  readonly fill?: (db: Database) => void;
}

export const MIGRATIONS: readonly SqliteMigration[] = [
  {
    number: 1,
    name: 'core',
    sql: `
CREATE TABLE namespace (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE user (
  namespace INTEGER NOT NULL, id INTEGER NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL,
  username TEXT, external TEXT, password_hash TEXT, created_at INTEGER NOT NULL, last_seen_at INTEGER,
  PRIMARY KEY (namespace, id)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX user_username ON user (namespace, username) WHERE username IS NOT NULL;
CREATE UNIQUE INDEX user_external ON user (namespace, external) WHERE external IS NOT NULL;

CREATE TABLE conversation (
  id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, notice TEXT NOT NULL,
  low INTEGER, high INTEGER, creator INTEGER NOT NULL, created_at INTEGER NOT NULL, version INTEGER NOT NULL,
  first_index INTEGER NOT NULL DEFAULT 1, cut_id INTEGER NOT NULL DEFAULT 0,
  -- written behind: see sequences.ts
  last_index INTEGER NOT NULL DEFAULT 0, last_id INTEGER NOT NULL DEFAULT 0, last_change INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX conversation_pair ON conversation (namespace, low, high) WHERE kind = 'private';
CREATE INDEX conversation_rooms ON conversation (namespace, id) WHERE kind = 'room';

CREATE TABLE membership (
  conversation INTEGER NOT NULL, user INTEGER NOT NULL, namespace INTEGER NOT NULL, role TEXT NOT NULL, joined_at INTEGER NOT NULL,
  delivered_index INTEGER NOT NULL, read_index INTEGER NOT NULL,
  -- of this user's own messages: how many lie at or before the read cursor, and how many there are (written behind)
  authored_read INTEGER NOT NULL DEFAULT 0, authored INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation, user)) STRICT, WITHOUT ROWID;
CREATE INDEX membership_user ON membership (namespace, user, conversation);

CREATE TABLE message (
  id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, idx INTEGER NOT NULL, sender INTEGER NOT NULL,
  kind INTEGER NOT NULL, state INTEGER NOT NULL, text TEXT, data TEXT, key TEXT, expires_at INTEGER, edited_at INTEGER,
  door TEXT NOT NULL, session INTEGER NOT NULL, trace TEXT) STRICT;

CREATE TABLE chunk (
  conversation INTEGER NOT NULL, slot INTEGER NOT NULL, ids BLOB NOT NULL,
  PRIMARY KEY (conversation, slot)) STRICT, WITHOUT ROWID;

CREATE TABLE key_chunk (
  first_id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, user INTEGER NOT NULL, last_id INTEGER NOT NULL, pairs BLOB NOT NULL) STRICT;
CREATE INDEX key_chunk_user ON key_chunk (namespace, user, first_id);

CREATE TABLE revision (message INTEGER NOT NULL, replaced_at INTEGER NOT NULL, kind INTEGER NOT NULL, text TEXT, data TEXT) STRICT;
CREATE INDEX revision_message ON revision (message);

CREATE TABLE expiry (at INTEGER NOT NULL, message INTEGER NOT NULL, PRIMARY KEY (at, message)) STRICT, WITHOUT ROWID;
CREATE TABLE gone (
  conversation INTEGER NOT NULL, idx INTEGER NOT NULL, sender INTEGER NOT NULL,
  PRIMARY KEY (conversation, idx)) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER PRIMARY KEY, type TEXT NOT NULL, namespace INTEGER NOT NULL, conversation INTEGER NOT NULL, user INTEGER NOT NULL,
  message INTEGER NOT NULL, idx INTEGER NOT NULL, door TEXT NOT NULL, session INTEGER NOT NULL, trace TEXT, data TEXT) STRICT;
CREATE INDEX event_change ON event (conversation, id) WHERE type IN ('message.edited', 'message.recalled', 'message.read');

CREATE TABLE block (
  namespace INTEGER NOT NULL, user INTEGER NOT NULL, blocked INTEGER NOT NULL,
  PRIMARY KEY (namespace, user, blocked)) STRICT, WITHOUT ROWID;

CREATE TABLE revocation (
  namespace INTEGER NOT NULL, user INTEGER NOT NULL, token TEXT NOT NULL, before INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (namespace, user, token)) STRICT, WITHOUT ROWID;
CREATE TABLE api_token (
  name TEXT PRIMARY KEY, hash TEXT NOT NULL, scopes TEXT NOT NULL, namespace TEXT, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- conversations deleted, whose messages are still being erased
CREATE TABLE erasure (conversation INTEGER PRIMARY KEY) STRICT;
CREATE TABLE progress (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`,
  },
  {
    number: 2,
    name: 'files',
    sql: `
ALTER TABLE user ADD COLUMN picture TEXT;
ALTER TABLE conversation ADD COLUMN picture TEXT;

CREATE TABLE file (
  id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, owner INTEGER NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL,
  hash TEXT NOT NULL, width INTEGER, height INTEGER, preview TEXT,
  -- in how many messages and pictures it stands
  uses INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX file_hash ON file (hash);
CREATE INDEX file_preview ON file (preview) WHERE preview IS NOT NULL;
CREATE INDEX file_owner ON file (namespace, owner, id);
CREATE INDEX file_unused ON file (id) WHERE uses = 0;
CREATE INDEX file_owner_unused ON file (namespace, owner, size) WHERE uses = 0;

-- subject: a message, a conversation or a user, by kind; scope: the conversation of a message, the namespace of a user
CREATE TABLE file_use (
  file INTEGER NOT NULL, kind TEXT NOT NULL, subject INTEGER NOT NULL, scope INTEGER NOT NULL,
  PRIMARY KEY (file, kind, subject, scope)) STRICT, WITHOUT ROWID;
CREATE INDEX file_use_subject ON file_use (kind, subject, scope);

-- bytes that no file has any more, until they are removed
CREATE TABLE unused_blob (hash TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
`,
  },
  {
    number: 3,
    name: 'lists',
    fill: indexUsers,
    sql: `
-- about when something was last said, of conversations that are kept in their members' lists; 0 in large ones: see activity.ts
ALTER TABLE conversation ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE membership ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
UPDATE conversation SET listed = max(id, last_id)
WHERE kind <> 'room' AND (SELECT count(*) FROM (SELECT 1 FROM membership m WHERE m.conversation = conversation.id LIMIT 101)) <= 100;
UPDATE membership SET listed = (SELECT c.listed FROM conversation c WHERE c.id = membership.conversation);
DROP INDEX membership_user;
CREATE INDEX membership_listed ON membership (namespace, user, listed, conversation);

-- by what people are found: see sql/words.ts
CREATE TABLE user_key (
  namespace INTEGER NOT NULL, key TEXT NOT NULL, user INTEGER NOT NULL,
  PRIMARY KEY (namespace, key, user)) STRICT, WITHOUT ROWID;
`,
  },
  {
    number: 4,
    name: 'search',
    sql: `
-- which messages of a part of a conversation have a term (search.ts)
CREATE TABLE word (
  conversation INTEGER NOT NULL, part INTEGER NOT NULL, term TEXT NOT NULL, idx INTEGER NOT NULL,
  PRIMARY KEY (conversation, part, term, idx)) STRICT, WITHOUT ROWID;
`,
  },
  {
    number: 5,
    name: 'retention and erasure',
    sql: `
ALTER TABLE user ADD COLUMN erased_at INTEGER;

-- people who are erased, and up to which id the feed has been searched for what they said
CREATE TABLE person_erasure (
  namespace INTEGER NOT NULL, user INTEGER NOT NULL, started_at INTEGER NOT NULL, searched INTEGER NOT NULL DEFAULT 0, finished_at INTEGER,
  PRIMARY KEY (namespace, user)) STRICT, WITHOUT ROWID;
CREATE INDEX person_erasure_open ON person_erasure (started_at) WHERE finished_at IS NULL;

CREATE INDEX file_use_scope ON file_use (scope, subject) WHERE kind = 'message';
`,
  },
  {
    number: 6,
    name: 'desk',
    sql: `
ALTER TABLE user ADD COLUMN person TEXT;
ALTER TABLE message ADD COLUMN desk TEXT;
ALTER TABLE conversation ADD COLUMN source TEXT;
-- an aside stands beside a support chat, for members with one role
ALTER TABLE conversation ADD COLUMN aside_of INTEGER;
ALTER TABLE conversation ADD COLUMN audience TEXT;
CREATE UNIQUE INDEX conversation_aside ON conversation (aside_of, audience) WHERE aside_of IS NOT NULL;

CREATE TABLE support_chat (
  conversation INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, uuid TEXT NOT NULL, source TEXT NOT NULL, department TEXT NOT NULL,
  status TEXT NOT NULL, client INTEGER NOT NULL, operator INTEGER NOT NULL, last_operator INTEGER NOT NULL,
  -- queued: a place in the queue, id of the fact that began the waiting
  queued INTEGER, taken_at INTEGER, closed_at INTEGER, score INTEGER, comment TEXT,
  unread INTEGER NOT NULL, listed INTEGER NOT NULL, place INTEGER NOT NULL,
  desk_delivered INTEGER NOT NULL, desk_read INTEGER NOT NULL, extra TEXT) STRICT;
CREATE UNIQUE INDEX support_chat_uuid ON support_chat (namespace, uuid);
CREATE INDEX support_chat_client ON support_chat (namespace, client, conversation);
-- the lists that there are: each is read from its place on, never sorted (sqlite/desk-reading.ts)
CREATE INDEX support_chat_all ON support_chat (namespace, place) WHERE listed = 1;
CREATE INDEX support_chat_status ON support_chat (namespace, status, place) WHERE listed = 1;
CREATE INDEX support_chat_source ON support_chat (namespace, source, status, place) WHERE listed = 1;
CREATE INDEX support_chat_operator ON support_chat (namespace, operator, status, place) WHERE listed = 1;
CREATE INDEX support_chat_unread ON support_chat (namespace, place) WHERE listed = 1 AND unread = 1;
CREATE INDEX support_chat_queue ON support_chat (namespace, queued) WHERE queued IS NOT NULL;
CREATE INDEX support_chat_queues ON support_chat (namespace, source, queued) WHERE queued IS NOT NULL;

-- how many listed chats there are of each sort; kept by whatever writes a chat (sqlite/desk-chats.ts)
CREATE TABLE chat_count (
  namespace INTEGER NOT NULL, operator INTEGER NOT NULL, status TEXT NOT NULL, source TEXT NOT NULL, department TEXT NOT NULL,
  unread INTEGER NOT NULL, chats INTEGER NOT NULL,
  PRIMARY KEY (namespace, operator, status, source, department, unread)) STRICT, WITHOUT ROWID;
CREATE INDEX chat_count_unread ON chat_count (namespace, source) WHERE unread = 1;

-- messages by the ids that back ends gave them
CREATE TABLE message_external (
  namespace INTEGER NOT NULL, external INTEGER NOT NULL, message INTEGER NOT NULL,
  PRIMARY KEY (namespace, external)) STRICT, WITHOUT ROWID;
CREATE INDEX message_external_message ON message_external (message);

CREATE TABLE desk_setting (
  namespace INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (namespace, kind, name)) STRICT, WITHOUT ROWID;
`,
  },
  {
    number: 7,
    name: 'feed',
    sql: `
-- who reads the feed, how far, and what was refused
CREATE TABLE sink (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letter (
  sink TEXT NOT NULL, event INTEGER NOT NULL, attempts INTEGER NOT NULL, error TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (sink, event)) STRICT, WITHOUT ROWID;
-- connections that were told to have begun and not to have ended
CREATE TABLE open_session (id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, user INTEGER NOT NULL, door TEXT NOT NULL) STRICT;
-- which connections were live at a moment: those that ended after it
CREATE INDEX event_ended ON event (user, id) WHERE type = 'user.disconnected';
`,
  },
  {
    number: 8,
    name: 'visitors',
    sql: `
-- anonymous visitors who have said who they are; open: not everything of theirs is the person's yet
CREATE TABLE visitor (
  namespace INTEGER NOT NULL, user INTEGER NOT NULL, person INTEGER NOT NULL, open INTEGER NOT NULL,
  PRIMARY KEY (namespace, user)) STRICT, WITHOUT ROWID;
CREATE INDEX visitor_open ON visitor (namespace) WHERE open = 1;
-- messages of the giver below an index are still to be rewritten (sqlite/handover.ts)
CREATE TABLE handover (
  conversation INTEGER PRIMARY KEY, giver INTEGER NOT NULL, receiver INTEGER NOT NULL, below INTEGER NOT NULL) STRICT;
`,
  },
  {
    number: 9,
    name: 'cursors of asides',
    sql: `
-- how far the readers of an aside have come: core/desk/model.ts, Reach
CREATE TABLE aside_cursor (
  aside INTEGER PRIMARY KEY, delivered_index INTEGER NOT NULL, delivered_by INTEGER NOT NULL, delivered_others INTEGER NOT NULL,
  read_index INTEGER NOT NULL, read_by INTEGER NOT NULL, read_others INTEGER NOT NULL) STRICT;
`,
  },
  {
    number: 10,
    name: 'moderation',
    sql: `
-- what users may not do, until when
CREATE TABLE restriction (
  namespace INTEGER NOT NULL, user INTEGER NOT NULL, kind TEXT NOT NULL, until INTEGER, reason TEXT NOT NULL,
  by_token TEXT, by_user INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (namespace, user, kind)) STRICT, WITHOUT ROWID;
CREATE INDEX restriction_until ON restriction (until) WHERE until IS NOT NULL;
-- who did what to whom
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, at INTEGER NOT NULL, by_token TEXT, by_user INTEGER NOT NULL, action TEXT NOT NULL,
  user INTEGER NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE INDEX audit_namespace ON audit (namespace, id);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_user ON audit (namespace, user);
`,
  },
];
