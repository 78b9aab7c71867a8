/** What everybody has in the end against what the store says: promises 1 to 6 for a world that has come to rest. */
import type { Id, Store } from '../../../src/core/index.ts';
import { CARRIERS } from '../clients/carriers.ts';
import { Category } from '../clients/stream-frame.ts';
import { chatFaults } from './chat-verdict.ts';
import { FILE_ALONE } from './device.ts';
import type { Device } from './device.ts';
import { keyOf } from './places.ts';
import type { Place } from './places.ts';
import type { AnyDevice } from './routes.ts';
import type { StayIds, Told, Truth } from './truths.ts';
import type { World } from './world.ts';

interface ReadFact {
  readonly event: Id;
  readonly conversation: Id;
  readonly reader: Id;
  readonly message: Id;
}

/** Lets the world come to rest and returns everything that is not as promised. */
export async function verdict(world: World): Promise<string[]> {
  await Promise.all(world.devices.map((device) => device.connect()));
  await settle(world);
  const { store } = (await world.server()).board;
  const truths = await readTruths(world, store);
  const { stays, reads } = await readFacts(world, store);
  const faults = [...world.faults, ...world.devices.flatMap((device) => device.faults)];
  for (const truth of truths) faults.push(...checkSequence(truth), ...(await checkUnread(world, store, truth)));
  faults.push(...checkLetters(world, truths), ...checkStays(world, stays));
  faults.push(...(await chatFaults(world, store, truths, stays)));
  for (const device of world.devices) {
    for (const truth of truths) {
      const since = stays.get(`${device.user} ${truth.key}`)?.joins.at(-1) ?? 0;
      if (truth.readers.includes(device.user)) faults.push(...compare(world, device, truth, since));
      else faults.push(...checkNothingNewer(device, truth, stays));
    }
    faults.push(...checkKnown(device, truths), ...checkGaps(world, device, stays));
    if (device.door === 'stream') faults.push(...checkReads(device, truths, reads, stays));
  }
  for (const [at, user] of world.users.entries()) faults.push(...(await checkFresh(world, user, at, truths)));
  return faults;
}

/** A last message everywhere, then a note of everybody to themselves: who has it has been pushed everything before. */
async function settle(world: World): Promise<void> {
  const [owner] = world.devices;
  if (owner === undefined) throw new Error('a world has devices');
  const last: { place: Place; id: number }[] = [];
  for (const place of new Map(world.places(owner.user).map((one) => [keyOf(one, owner.user), one])).values()) {
    await world.send(owner, place, 1, 'post', undefined);
    last.push({ place, id: world.letters.at(-1)?.id ?? 0 });
  }
  for (const { category, receiver } of last.map(({ place }) => place).filter((place) => place.category === Category.PRIVATE)) {
    const device = world.devices.find(({ user }) => user === receiver);
    if (device !== undefined) await world.send(device, { category, receiver }, 1, 'post', undefined);
    const id = world.letters.at(-1)?.id ?? 0;
    await Promise.all(world.devices.filter(({ user }) => user === receiver).map((own) => own.hasAllUpTo(id)));
  }
  for (const device of world.devices) {
    const mine = last.filter(({ place }) => mayRead(world, device.user, place, owner.user));
    await Promise.all(mine.map(({ id }) => device.hasAllUpTo(id)));
  }
}

function mayRead(world: World, user: number, { category, receiver }: Place, writer: number): boolean {
  if (category === Category.PRIVATE) return user === receiver || user === writer;
  return category === Category.ROOM || world.isIn(user, receiver);
}

async function readTruths(world: World, store: Store): Promise<Truth[]> {
  const truths: Truth[] = [];
  for (const user of world.users) {
    for (const place of world.places(user)) {
      const key = keyOf(place, user);
      if (truths.some((truth) => truth.key === key)) continue;
      const { category, receiver } = place;
      const isPrivate = category === Category.PRIVATE;
      const head = isPrivate ? await store.privateHead('default', user, receiver) : undefined;
      const id = isPrivate ? (head?.conversation.id ?? 0) : receiver;
      const readers = isPrivate ? [user, receiver] : world.users.filter((one) => mayRead(world, one, place, 0));
      truths.push({ key, category, id, readers, messages: id === 0 ? [] : await readHistory(world, readers[0] ?? 0, id) });
    }
  }
  return truths;
}

/** The whole history over the management interface, page by page. */
async function readHistory(world: World, reader: Id, conversation: Id): Promise<Told[]> {
  const messages: Told[] = [];
  for (let more = true; more;) {
    const path = `/api/conversations/${conversation}/messages?after=${messages.at(-1)?.id ?? 0}`;
    const { status, body } = await world.call(reader, 'GET', path);
    if (status !== 200) throw new Error(`GET ${path} as ${reader} is answered ${status}`);
    const page = body as HistoryJson;
    messages.push(
      ...page.messages.map(({ id, index, senderId, text, resource }) => ({
        id: Number(id),
        index,
        sender: Number(senderId),
        text,
        file: resource?.url,
      })),
    );
    more = page.more;
  }
  return messages;
}

interface HistoryJson {
  readonly messages: readonly {
    readonly id: string;
    readonly index: number;
    readonly senderId: string;
    readonly text?: string;
    readonly resource?: { readonly url: string };
  }[];
  readonly more: boolean;
}

async function readFacts(world: World, store: Store): Promise<{ stays: Map<string, StayIds>; reads: ReadFact[] }> {
  const stays = new Map<string, StayIds>();
  const reads: ReadFact[] = [];
  // Whom a conversation begins with is told with its beginning.
  for (const key of world.stays.keys()) stays.set(key, { joins: [], leaves: [] });
  for (let after = 0, more = true; more;) {
    const events = await store.events(after, 1_000);
    for (const { id, type, conversation, user, message, members } of events) {
      after = id;
      if (type === 'message.read') reads.push({ event: id, conversation, reader: user, message });
      for (const added of members?.added ?? []) stays.get(`${added.user} ${conversation}`)?.joins.push(id);
      for (const removed of members?.removed ?? []) stays.get(`${removed} ${conversation}`)?.leaves.push(id);
    }
    more = events.length > 0;
  }
  return { stays, reads };
}

/** Indexes are dense from 1, ids ascend with them. */
function checkSequence({ key, messages }: Truth): string[] {
  const faults: string[] = [];
  let before = 0;
  for (const [at, { id, index }] of messages.entries()) {
    if (index !== at + 1) faults.push(`${key}: index ${index} at place ${at + 1}`);
    if (id <= before) faults.push(`${key}: ${id} follows ${before}`);
    before = id;
  }
  return faults;
}

/** What was accepted is there, once; nothing is there that nobody wrote. */
function checkLetters(world: World, truths: readonly Truth[]): string[] {
  const faults: string[] = [];
  const stored = new Map(truths.flatMap(({ key, messages }) => messages.map((message) => [message.id, { key, message }])));
  const expected = new Set<number>();
  for (const letter of world.letters) {
    if (letter.id === undefined) continue;
    const found = stored.get(letter.id);
    if (expected.has(letter.id)) faults.push(`${letter.key} shares the message ${letter.id}`);
    expected.add(letter.id);
    if (found === undefined) faults.push(`${letter.key} was accepted as ${letter.id} and is not there`);
    else if (found.key !== keyOf(letter.place, letter.sender) || found.message.sender !== letter.sender) {
      faults.push(`${letter.key} lies in ${found.key} by ${found.message.sender}`);
    }
  }
  const refused = new Map(world.letters.filter((letter) => letter.refused).map((letter) => [letter.key, letter]));
  for (const [id, { key, message }] of stored) {
    if (expected.has(id)) continue;
    // Taken by an attempt whose answer was lost; the retry was refused because the sender had left meanwhile.
    if (!refused.delete(message.text ?? '')) faults.push(`${key} has ${id} (${message.text}), which nobody sent`);
  }
  return faults;
}

function checkStays(world: World, stays: ReadonlyMap<string, StayIds>): string[] {
  const faults: string[] = [];
  for (const [key, known] of world.stays) {
    const { joins, leaves } = stays.get(key) ?? { joins: [], leaves: [] };
    const ended = known.filter(({ until }) => until !== undefined).length;
    if (joins.length !== known.length || leaves.length !== ended) {
      faults.push(`${key}: ${joins.length} joins and ${leaves.length} leaves are told of ${known.length} and ${ended}`);
    }
  }
  return faults;
}

/** Exactly what the reader may have: everything since the stay began, nothing that is not there, in its newest state. */
function compare(world: World, device: AnyDevice, truth: Truth, since: number): string[] {
  const faults: string[] = [];
  for (const { id, text, sender } of truth.messages) {
    const seen = device.seen.get(id);
    if (seen === undefined) {
      if (id > since) faults.push(`${device.name} misses ${id} (${text}) of ${truth.key}`);
      continue;
    }
    const newest = device.extensions ? seen.text === text : isVersion(world, id, seen.text);
    const same = text === undefined || seen.text === undefined ? text === seen.text : newest;
    // What changed while the user was away, of before the stay, is read with the history.
    if (!same && id > since) faults.push(`${device.name} has ${id} of ${truth.key} as ${seen.text}, it is ${text}`);
    if (seen.sender !== sender || seen.conversation !== truth.key)
      faults.push(`${device.name} has ${id} by ${seen.sender} in ${seen.conversation}`);
  }
  return faults;
}

/** Who is told of no edits has one of the texts that it had; who is told of no captions has the file. */
function isVersion(world: World, id: number, text: string | undefined): boolean {
  if (text === FILE_ALONE) return world.letters.some((letter) => letter.id === id && letter.hasFile);
  return world.versions.get(id)?.has(text ?? '') === true;
}

/** Who has left has nothing of what came after. */
function checkNothingNewer(device: AnyDevice, { key }: Truth, stays: ReadonlyMap<string, StayIds>): string[] {
  const left = stays.get(`${device.user} ${key}`)?.leaves.at(-1) ?? 0;
  const later = [...device.seen.values()].filter(({ conversation, id }) => conversation === key && id > left);
  return later.map(({ id }) => `${device.name} has ${id} of ${key}, left at ${left}`);
}

function checkKnown(device: AnyDevice, truths: readonly Truth[]): string[] {
  const stored = new Set(truths.flatMap(({ key, messages }) => messages.map(({ id }) => `${id} ${key}`)));
  const strange = [...device.seen.values()].filter(({ id, conversation }) => !stored.has(`${id} ${conversation}`));
  return strange.map(({ id, conversation }) => `${device.name} has ${id} of ${conversation}, which is not stored there`);
}

/** What was written while the user was out came, if at all, after the request that let them in again. */
function checkGaps(world: World, device: AnyDevice, stays: ReadonlyMap<string, StayIds>): string[] {
  const faults: string[] = [];
  for (const { id, conversation, at } of device.seen.values()) {
    const key = `${device.user} ${conversation}`;
    const ids = stays.get(key);
    if (ids === undefined) continue;
    const stay = ids.joins.findIndex((join, place) => id > join && id < (ids.leaves[place] ?? Infinity));
    if (stay >= 0) continue;
    const next = ids.joins.findIndex((join) => join > id);
    const from = next < 0 ? Infinity : (world.stays.get(key)?.[next]?.from ?? Infinity);
    if (at < from) faults.push(`${device.name} had ${id} of ${conversation} while the user was out`);
  }
  return faults;
}

/** Every device knows how far the others of its private conversations and groups have read; of channels it hears nothing. */
function checkReads(
  device: Device,
  truths: readonly Truth[],
  reads: readonly ReadFact[],
  stays: ReadonlyMap<string, StayIds>,
): string[] {
  const faults: string[] = [];
  const newest = new Map<string, number>();
  for (const { event, conversation, reader, message } of reads) {
    const truth = truths.find(({ id }) => id === conversation);
    if (truth === undefined || reader === device.user || !truth.readers.includes(device.user)) continue;
    const since = stays.get(`${device.user} ${truth.key}`)?.joins.at(-1) ?? 0;
    const key = `${reader} ${truth.key}`;
    if (truth.category === Category.CHANNEL) {
      if (device.reads.has(key)) faults.push(`${device.name} was told what ${reader} has read in the channel`);
    } else if (event > since) newest.set(key, Math.max(newest.get(key) ?? 0, message));
  }
  for (const [key, message] of newest) {
    if ((device.reads.get(key) ?? 0) < message) faults.push(`${device.name} does not know that ${key} was read up to ${message}`);
  }
  return faults;
}

/** Unread is what others wrote after the read cursor, for every member, wherever it is asked. */
async function checkUnread(world: World, store: Store, { key, id, category, messages }: Truth): Promise<string[]> {
  if (id === 0 || category === Category.ROOM) return [];
  const faults: string[] = [];
  for (const { user, readIndex } of await store.members(id, 0, 100)) {
    const counted = messages.filter(({ index, sender }) => index > readIndex && sender !== user).length;
    const one = (await world.call(user, 'GET', `/api/conversations/${id}/unread`)).body as { unreadCount: number };
    const { conversations } = (await world.call(user, 'GET', '/api/conversations')).body as { conversations: SummaryJson[] };
    const listed = conversations.find((conversation) => conversation.id === String(id))?.unreadCount;
    const chats = (await world.call(user, 'GET', '/api/chats')).body as SummaryJson[];
    const inChats = chats.find((chat) => chat.id === String(id))?.unreadCount;
    if (one.unreadCount !== counted || listed !== counted || inChats !== counted) {
      faults.push(
        `${user} has ${one.unreadCount} unread in ${key}, ${listed} in the list, ${inChats} in the chats, counted are ${counted}`,
      );
    }
  }
  return faults;
}

interface SummaryJson {
  readonly id: string;
  readonly unreadCount: number;
}

/** A device that has nothing yet is given exactly what the history has, at either door. */
async function checkFresh(world: World, user: number, at: number, truths: readonly Truth[]): Promise<string[]> {
  const carrier = CARRIERS[at % CARRIERS.length];
  if (carrier === undefined) throw new Error('there are three carriers');
  const transport = at % 2 === 0 ? 'websocket' : 'polling';
  const faults: string[] = [];
  for (const device of [
    world.newDevice(`${user}.fresh`, user, carrier, true),
    world.newMessenger(`${user}.fresh.${transport}`, user, transport),
  ]) {
    await device.connect();
    device.drop();
    faults.push(...device.faults, ...checkKnown(device, truths));
    for (const truth of truths) {
      if (truth.readers.includes(user)) faults.push(...compare(world, device, truth, 0));
      else if ([...device.seen.values()].some(({ conversation }) => conversation === truth.key))
        faults.push(`${device.name} was given ${truth.key}`);
    }
  }
  return faults;
}
