/** The three carriers of the stream interface behind one face, so that one test runs over each of them. */
import { GrpcClient } from './grpc.ts';
import { decodeStream, encodeStream } from './stream-frame.ts';
import type { StreamJson } from './stream-frame.ts';
import { Opcode, WebSocketClient, clientFrame } from './websocket.ts';

export interface StreamEnd {
  /** A WebSocket close code, or a gRPC status. */
  readonly code: number;
  readonly message: string;
}

export interface StreamLink {
  send(frame: StreamJson): void;
  /** Sends bytes as one message, whatever they are. */
  sendBytes(bytes: Uint8Array): void;
  /** The next frame; rejects when the connection has ended. */
  next(): Promise<StreamJson>;
  readonly ended: Promise<StreamEnd>;
  /** What was sent and the network has not taken yet: 0 when nothing of it waits. */
  readonly unsent: number;
  /** Stops and goes on taking bytes from the network. */
  pause(): void;
  resume(): void;
  /** Ends in order. */
  close(): Promise<unknown>;
  /** Cuts the connection without a word. */
  drop(): void;
  /** What the server did against the carrier's own protocol. */
  readonly violations: readonly string[];
}

export interface ConnectOptions {
  readonly port: number;
  readonly token: string;
  readonly room?: boolean;
  readonly extensions?: boolean;
}

/** How each carrier says what happened. */
export interface Endings {
  readonly badFrame: number;
  readonly unauthenticated: number;
  readonly notAllowed: number;
  readonly tooBig: number;
  readonly kicked: number;
  readonly slow: number;
  readonly shutdown: number;
}

export interface Carrier {
  readonly name: string;
  readonly endings: Endings;
  /** Resolves when the connection hears its user's conversations. */
  connect(options: ConnectOptions): Promise<StreamLink>;
}

const CLOSE_CODES: Endings = {
  badFrame: 1007,
  unauthenticated: 4401,
  notAllowed: 4403,
  tooBig: 1009,
  kicked: 1008,
  slow: 1008,
  shutdown: 1001,
};

const STATUSES: Endings = {
  badFrame: 3,
  unauthenticated: 16,
  notAllowed: 7,
  tooBig: 8,
  kicked: 10,
  slow: 8,
  shutdown: 14,
};

function webSocketPath({ room, extensions, token }: ConnectOptions): string {
  const query = new URLSearchParams({ token, ...(extensions === true && { extensions: '1' }) });
  return `${room === true ? '/message/room' : '/message/chat'}?${query.toString()}`;
}

async function connectWebSocket(options: ConnectOptions, binary: boolean): Promise<StreamLink> {
  const client = await WebSocketClient.connect({ port: options.port, path: webSocketPath(options) });
  const opcode = binary ? Opcode.BINARY : Opcode.TEXT;
  return {
    send: (frame) => client.write(clientFrame(binary ? encodeStream(frame) : JSON.stringify(frame), { opcode })),
    sendBytes: (bytes) => client.write(clientFrame(bytes, { opcode })),
    async next() {
      const { opcode: received, payload } = await client.messages.next();
      return received === Opcode.BINARY ? decodeStream(payload) : (JSON.parse(payload.toString('utf8')) as StreamJson);
    },
    ended: client.ended.then(({ code, reason }) => ({ code, message: reason })),
    get unsent() {
      return client.socket.writableLength;
    },
    pause: () => void client.socket.pause(),
    resume: () => void client.socket.resume(),
    close: () => client.close(),
    drop: () => client.drop(),
    violations: client.violations,
  };
}

async function connectGrpc(options: ConnectOptions): Promise<StreamLink> {
  const client = new GrpcClient(options.port);
  const path = options.room === true ? '/appootb.message.Room/Interact' : '/appootb.message.Chat/Interact';
  const stream = client.stream(path, { token: options.token, ...(options.extensions === true && { extensions: '1' }) });
  await stream.opened;
  return {
    send: (frame) => void stream.call.write(encodeStream(frame)),
    sendBytes: (bytes) => void stream.call.write(Buffer.from(bytes)),
    next: async () => decodeStream(await stream.messages.next()),
    ended: stream.status.then(({ code, details }) => {
      client.close();
      return { code, message: details };
    }),
    get unsent() {
      return stream.call.writableLength;
    },
    pause: () => void stream.call.pause(),
    resume: () => void stream.call.resume(),
    close() {
      stream.call.cancel();
      return stream.status;
    },
    drop: () => {
      stream.call.cancel();
      client.close();
    },
    violations: [],
  };
}

export const webSocketText: Carrier = {
  name: 'WebSocket JSON',
  endings: CLOSE_CODES,
  connect: (options) => connectWebSocket(options, false),
};

export const webSocketBinary: Carrier = {
  name: 'WebSocket binary',
  endings: CLOSE_CODES,
  connect: (options) => connectWebSocket(options, true),
};

export const grpc: Carrier = { name: 'gRPC', endings: STATUSES, connect: connectGrpc };

export const CARRIERS: readonly Carrier[] = [grpc, webSocketText, webSocketBinary];
