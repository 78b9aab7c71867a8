/**
 * One Engine.IO connection: who is signed in on it, how long it is put up with, and the events that come in on its WebSocket.
 *
 * On a WebSocket that is settled an event of ours is read here and carried out at once. Everything else goes through Engine.IO and Socket.IO:
 * heartbeats, other namespaces, bytes, what nobody knows, what breaks the protocol, and every event that a program which embeds the server
 * listens to.
 */
import type { Socket as EngineSocket } from 'engine.io';
import type { Socket } from 'socket.io';
import type { Chat } from '../../core/index.ts';
import { readDirectly } from './websocket-reading.ts';
import type { Acknowledge, Commands } from './commands.ts';
import type { MessengerConnection } from './connection.ts';
import { announcesBytes, readEvent } from './event-packets.ts';
import type { EventNames } from './event-names.ts';
import { hangUp, websocketOf } from './link.ts';
import { acknowledgementFrame } from './packets.ts';
import { Patience } from './patience.ts';
import type { ClientEvents, ServerEvents } from './wire.ts';

export type MessengerSocket = Socket<ClientEvents, ServerEvents>;

/** Times one connection may ask to be connected before it is closed: each costs a token to check and a session to open. */
const MAX_ATTEMPTS = 20;

/** What all carriers share. */
export interface CarriersShared {
  readonly chat: Chat;
  readonly names: EventNames;
  readonly maxFrameBytes: number;
  readonly door: string;
}

/** Somebody who is signed in. */
interface Client {
  readonly socket: MessengerSocket;
  readonly connection: MessengerConnection;
  readonly commands: Commands;
}

export class Carrier {
  /** Somebody is signed in here, or about to be. */
  isTaken = false;
  /** The session that is here, from its opening on. */
  connection: MessengerConnection | undefined;

  readonly #shared: CarriersShared;
  readonly #conn: EngineSocket;
  /** Made with the first packet that leads to nothing. */
  #patience: Patience | undefined;
  #client: Client | undefined;
  #attempts = 0;
  /** Something is on its way through Socket.IO, which hands it on a moment later: what comes meanwhile must not overtake it. */
  #isBehind = false;
  /** Bytes belong to messages that came before them: from the first on, all is Socket.IO's to read. */
  #hasBytes = false;

  constructor(shared: CarriersShared, conn: EngineSocket) {
    this.#shared = shared;
    this.#conn = conn;
  }

  /** One more packet led to nothing: a connection with too many of them is cut off. */
  tried(): void {
    const { chat, door } = this.#shared;
    this.#patience ??= new Patience(chat.now());
    if (!this.#patience.losesWith(chat.now())) return;
    if (this.#client === undefined) {
      chat.meter.refused(door, 'rate_limited');
      this.#conn.close(true);
    } else this.#client.connection.end('policy');
    hangUp(this.#conn);
  }

  /** One more wish to be connected. */
  attempted(): void {
    this.#attempts += 1;
    if (this.#attempts > MAX_ATTEMPTS) this.#conn.close();
  }

  /** Carries out what a client asks for, from now on. */
  serve(client: Client): void {
    this.#client = client;
    this.read();
  }

  /** The commands of a client that is signed in and ready. */
  get commands(): Commands | undefined {
    return this.#client?.commands;
  }

  /** Reads what comes in on the WebSocket there is now. */
  read(): void {
    const websocket = websocketOf(this.#conn.transport);
    if (this.#client !== undefined && websocket !== undefined)
      readDirectly(websocket, this.#shared.maxFrameBytes, (text) => this.#take(text) || this.#leave(text));
  }

  /** Nobody is signed in here any more. */
  left(): void {
    this.isTaken = false;
    this.connection = undefined;
    this.#client = undefined;
  }

  #take(text: Buffer): boolean {
    const client = this.#client;
    if (client === undefined || this.#isBehind || this.#hasBytes || isWaited(this.#conn)) return false;
    const packet = readEvent(text, this.#shared.names);
    if (packet === undefined || isOverheard(client.socket, packet.name)) return false;
    const { connection, commands } = client;
    const { id, name, payload } = packet;
    const acknowledge: Acknowledge = id === undefined ? undefined : (json) => connection.push(acknowledgementFrame(id, json));
    commands.receive(name, payload, acknowledge);
    return true;
  }

  /** Always false. */
  #leave(text: Buffer): boolean {
    this.#hasBytes ||= announcesBytes(text);
    if (this.#isBehind) return false;
    this.#isBehind = true;
    // Socket.IO waits for as long before it hands a packet on.
    process.nextTick(() => {
      this.#isBehind = false;
    });
    return false;
  }
}

/** Whether Engine.IO wants to see the next packet: while it waits for a heartbeat any one shows that the client lives. It reads none that is closing. */
function isWaited(conn: EngineSocket): boolean {
  if (conn.readyState !== 'open') return true;
  return Reflect.get(conn, 'pingTimeoutTimer') !== null && Reflect.get(conn, 'hasRefreshedPingTimeout') !== true;
}

/** Whether anybody besides us listens to an event: a program that embeds the server. */
function isOverheard(socket: MessengerSocket, name: string): boolean {
  const { conn } = socket;
  const middlewares: unknown = Reflect.get(socket, 'fns');
  return (
    !Array.isArray(middlewares) ||
    middlewares.length > 0 ||
    socket.listenersAny().length > 1 ||
    Reflect.apply(socket.listenerCount, socket, [name]) > 0 ||
    conn.listenerCount('packet') > 1 ||
    conn.listenerCount('data') > 1 ||
    conn.listenerCount('message') > 0
  );
}
