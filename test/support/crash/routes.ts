/** Ways to send one text: over a live connection, or in a call of its own. */
import { PostSchema, PostmarkSchema } from '../../../src/protobuf/gen/appootb/message/chat_pb.js';
import { GrpcClient } from '../clients/grpc.ts';
import { Category, Type, decodeMessage, encodeMessage } from '../clients/stream-frame.ts';
import type { PostJson, PostmarkJson } from '../clients/stream-frame.ts';
import { tokenFor } from '../tokens.ts';
import { callApi } from './api.ts';
import type { Chats } from './chats.ts';
import type { Attempt, Device } from './device.ts';
import type { MessengerDevice } from './messenger-device.ts';
import type { Place } from './places.ts';
import { postMessage } from './ways.ts';

/** The stream itself, its HTTP form, its unary call, the management interface. */
export const ROUTES = ['stream', 'post', 'grpc', 'api'] as const;
export type Route = (typeof ROUTES)[number];

/** The messenger's: as JSON, and as a form with a file. */
export type MessengerRoute = 'json' | 'form';

/** What one has on the table, at either door. */
export type AnyDevice = Device | MessengerDevice;

export interface Address {
  readonly url: string;
  readonly port: number;
}

/** A text under an idempotency key. */
export interface Note {
  readonly key: string;
  readonly place: Place;
  readonly text: string;
}

/** gRPC status codes; HTTP statuses of refusals are told as these. */
export const UNAVAILABLE = 14;
const CANCELLED = 1;
const NOT_FOUND = 5;

/** Sends a note as the device's user. */
export function attempt(route: Route, server: Address, device: AnyDevice, note: Note): Promise<Attempt> {
  const post = textPost(device.user, note);
  if (route === 'stream') return sendLive(device, note);
  if (route === 'post') return sendPost(server.url, device.user, post, note.key);
  return route === 'grpc' ? callSend(server.port, device.user, post, note.key) : callManagement(server.url, device.user, note);
}

/** Sends it over the live connection of a device; `lost` without one. */
export function sendLive(device: AnyDevice, note: Note): Promise<Attempt> {
  if (device.door === 'messenger') return device.send(note.key, note.place, note.text);
  return device.post(note.key, textPost(device.user, note));
}

/** Sends it to the messenger, where a private chat has to be opened before. */
export async function callMessenger(url: string, user: number, note: Note, kind: MessengerRoute, chats: Chats): Promise<Attempt> {
  const chatId = await chats.open(url, user, note.place);
  if (chatId === undefined) return { type: 'lost' };
  const outcome = await postMessage(url, user, { chatId, content: note.text, clientMessageId: note.key }, kind);
  if (outcome === undefined) return { type: 'lost' };
  if (typeof outcome === 'object') return { type: 'accepted', id: outcome.id };
  return { type: 'refused', code: outcome === 'again' ? UNAVAILABLE : NOT_FOUND };
}

export function textPost(sender: number, { place, text }: Note): PostJson {
  return { postmark: postmarkOf(sender, place), type: Type.TEXT, text: { content: text } };
}

/** RECALL or READ. */
export function markPost(type: number, sender: number, place: Place, id: number): PostJson {
  return { postmark: { ...postmarkOf(sender, place), unique_id: String(id) }, type };
}

function postmarkOf(sender: number, { category, receiver }: Place): PostmarkJson {
  return { category, sender: String(sender), receiver: String(receiver) };
}

/** `POST /message/chat/send`. A server that is closing answers 503 in its own words. */
export async function sendPost(url: string, user: number, post: PostJson, key: string): Promise<Attempt> {
  try {
    const response = await fetch(`${url}/message/chat/send`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokenFor(user)}`, 'idempotency-key': key },
      body: JSON.stringify(post),
    });
    const answer = (await response.json()) as { unique_id: string; code: number };
    if (response.ok) return { type: 'accepted', id: Number(answer.unique_id) };
    return { type: 'refused', code: response.status === 503 ? UNAVAILABLE : answer.code };
  } catch {
    return { type: 'lost' };
  }
}

async function callSend(port: number, user: number, post: PostJson, key: string): Promise<Attempt> {
  using client = new GrpcClient(port);
  const metadata = { token: tokenFor(user), 'idempotency-key': key };
  const { response, code } = await client.unary('/appootb.message.Chat/Send', encodeMessage(PostSchema, post), metadata);
  if (response === undefined) return code === CANCELLED ? { type: 'lost' } : { type: 'refused', code };
  return { type: 'accepted', id: Number(decodeMessage<PostmarkJson>(PostmarkSchema, response).unique_id) };
}

async function callManagement(url: string, user: number, { key, place, text }: Note): Promise<Attempt> {
  const { category, receiver } = place;
  const path = category === Category.PRIVATE ? `/api/private/${receiver}/messages` : `/api/conversations/${receiver}/messages`;
  const answer = await callApi(url, { user, method: 'POST', path, body: { text }, key });
  if (answer === undefined) return { type: 'lost' };
  if (answer.status < 300) return { type: 'accepted', id: Number((answer.body as { id: string }).id) };
  return { type: 'refused', code: answer.status === 503 ? UNAVAILABLE : answer.status };
}
