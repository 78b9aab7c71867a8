/** What holds for messenger devices and files beside the rest of the verdict: nothing missed while connected, exact counts, bytes behind every link. */
import { setTimeout } from 'node:timers/promises';
import type { Store } from '../../../src/core/index.ts';
import { Category } from '../clients/stream-frame.ts';
import type { MessengerDevice } from './messenger-device.ts';
import type { StayIds, Told, Truth } from './truths.ts';
import { fileFor } from './ways.ts';
import type { World } from './world.ts';

/** How often a device is looked at until it has been told the count that is right, and how long between two looks. */
const LOOKS = 2_000;
const LOOK_EVERY_MS = 10;

/** To be asked when everything has been pushed; afterwards the devices have the newest state of everything. */
export async function chatFaults(
  world: World,
  store: Store,
  truths: readonly Truth[],
  stays: ReadonlyMap<string, StayIds>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const device of world.devices) {
    if (device.door !== 'messenger') continue;
    faults.push(...checkHeard(device, truths, stays), ...(await checkCounts(device, store, truths)));
    // Edits of chats that were not open are told by a sync.
    await device.syncAll();
  }
  return [...faults, ...(await checkFiles(world, truths))];
}

/** Live messages and the last sync together have no hole. */
function checkHeard(device: MessengerDevice, truths: readonly Truth[], stays: ReadonlyMap<string, StayIds>): string[] {
  const mine = truths.filter(({ readers }) => readers.includes(device.user));
  return mine.flatMap(({ key, messages }) => {
    const since = stays.get(`${device.user} ${key}`)?.joins.at(-1) ?? 0;
    const missed = messages.filter(({ id }) => id > since && !device.seen.has(id));
    return missed.map(({ id }) => `${device.name} was not told of ${id} of ${key} while it was connected`);
  });
}

/** The count told last is what is counted in the history. */
async function checkCounts(device: MessengerDevice, store: Store, truths: readonly Truth[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { key, id, category, readers, messages } of truths) {
    if (category === Category.ROOM || !readers.includes(device.user) || !device.unread.has(key)) continue;
    let counted = await recount(store, id, device.user, messages);
    // Whoever has the chat open may still be reading.
    for (let looks = 0; device.unread.get(key) !== counted && looks < LOOKS; looks += 1) {
      await setTimeout(LOOK_EVERY_MS);
      counted = await recount(store, id, device.user, messages);
    }
    const told = device.unread.get(key);
    if (told !== counted) faults.push(`${device.name} was told of ${told} unread in ${key}, counted are ${counted}`);
  }
  return faults;
}

async function recount(store: Store, conversation: number, reader: number, messages: readonly Told[]): Promise<number> {
  const member = (await store.members(conversation, 0, 100)).find(({ user }) => user === reader);
  return messages.filter(({ index, sender }) => index > (member?.readIndex ?? 0) && sender !== reader).length;
}

/** Every file is behind its link, as it was sent. */
async function checkFiles(world: World, truths: readonly Truth[]): Promise<string[]> {
  const { url } = await world.server();
  const stored = new Map(truths.flatMap(({ messages }) => messages.map((message) => [message.id, message])));
  const faults: string[] = [];
  for (const { key, id, hasFile } of world.letters) {
    const message = id === undefined ? undefined : stored.get(id);
    if (message?.text === undefined || !hasFile) continue;
    if (message.file === undefined) {
      faults.push(`${key} has no file`);
      continue;
    }
    const response = await fetch(new URL(message.file, url));
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200 || !bytes.equals(fileFor(key))) faults.push(`the file of ${key} is answered ${response.status}`);
  }
  return faults;
}
