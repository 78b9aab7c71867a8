/** Ways on which a writer's letters reach the server, at every door: a connection, or a call for each. */
import type { Carrier } from '../clients/carriers.ts';
import { MessengerPeer } from '../clients/messenger.ts';
import type { Transport } from '../clients/messenger.ts';
import { PayloadType, Type } from '../clients/stream-frame.ts';
import { Inbox } from '../inbox.ts';
import { tokenFor } from '../tokens.ts';
import { callApi } from './api.ts';
import type { Place } from './places.ts';

/** What is sent. */
export interface Outgoing {
  readonly key: string;
  readonly sender: number;
  readonly place: Place;
  readonly text: string;
}

/** What the server said to it. `again`: it cannot say at the moment. */
export interface Reply {
  readonly key: string;
  readonly outcome: { readonly id: number } | 'refused' | 'again';
}

export interface Line {
  send(letter: Outgoing): void;
  /** Rejects when the connection has ended. */
  next(): Promise<Reply>;
  drop(): void;
}

export interface Way {
  /** What is sent is stored in the order of sending. */
  readonly isOrdered: boolean;
  /** Rejects when there is no server. */
  open(port: number, user: number): Promise<Line>;
}

const UNAVAILABLE = 14;

export function onStream(carrier: Carrier): Way {
  return {
    isOrdered: true,
    async open(port, user) {
      const link = await carrier.connect({ port, token: tokenFor(user), extensions: true });
      return {
        send({ key, sender, place, text }) {
          const postmark = { category: place.category, sender: String(sender), receiver: String(place.receiver) };
          const post = { postmark, type: Type.TEXT, text: { content: text } };
          link.send({ sn: key, type: PayloadType.MESSAGES, postbox: { posts: [post] } });
        },
        async next() {
          for (;;) {
            const { sn, postbox, errors } = await link.next();
            const id = postbox?.posts?.[0]?.postmark.unique_id;
            // What is pushed has numbers of the server as its names, which no letter has.
            if (id !== undefined) return { key: sn, outcome: { id: Number(id) } };
            if (errors !== undefined) return { key: sn, outcome: errors[0]?.code === UNAVAILABLE ? 'again' : 'refused' };
          }
        },
        drop: () => link.drop(),
      };
    },
  };
}

/** `send_message`, answered in an acknowledgement. To conversations by their ids. */
export function onSocket(transport: Transport): Way {
  return {
    isOrdered: true,
    async open(port, user) {
      const peer = await MessengerPeer.connect(`http://127.0.0.1:${port}`, user, { transports: [transport] });
      // A writer has no use for what it hears, which would be much.
      peer.socket.offAny();
      const replies = new Inbox<Reply>();
      void peer.ended.then((reason) => replies.end(new Error(reason)));
      return {
        send({ key, place, text }) {
          const message = { chatId: String(place.receiver), content: text, clientMessageId: key };
          // An acknowledgement that never comes has its end with the connection.
          peer.socket.emit('send_message', message, (answer: SocketAnswer) => replies.push({ key, outcome: outcomeOf(answer) }));
        },
        next: () => replies.next(),
        drop: () => peer.drop(),
      };
    },
  };
}

interface SocketAnswer {
  readonly message?: { readonly id: string };
  readonly error?: { readonly code: string };
}

function outcomeOf({ message, error }: SocketAnswer): Reply['outcome'] {
  if (message !== undefined) return { id: Number(message.id) };
  return error?.code === 'unavailable' || error?.code === 'rate_limited' ? 'again' : 'refused';
}

/** The bytes that go with a text: several texts have the same. */
export function fileFor(text: string): Buffer {
  const number = /\d+(?= |$)/.exec(text)?.[0] ?? text;
  return Buffer.from(`the file ${Number(number) % 5} `.repeat(500));
}

/** `POST /api/messages`: JSON, or a form with a file. To conversations by their ids. */
export function inCalls(kind: 'json' | 'form'): Way {
  return {
    isOrdered: false,
    open(port, user) {
      const replies = new Inbox<Reply>();
      const send = async ({ key, place, text }: Outgoing): Promise<void> => {
        const url = `http://127.0.0.1:${port}`;
        const message = { chatId: String(place.receiver), content: text, clientMessageId: key };
        const answer = await postMessage(url, user, message, kind);
        if (answer === undefined) replies.end(new Error('the connection broke'));
        else replies.push({ key, outcome: answer });
      };
      return Promise.resolve({
        send: (letter) => void send(letter),
        next: () => replies.next(),
        drop: () => replies.end(new Error('not used any more')),
      });
    },
  };
}

export interface MessageCall {
  readonly chatId: string;
  readonly content: string;
  readonly clientMessageId: string;
}

/** Undefined: the connection broke before the whole answer came. */
export async function postMessage(
  url: string,
  user: number,
  message: MessageCall,
  kind: 'json' | 'form',
): Promise<Reply['outcome'] | undefined> {
  const path = '/api/messages';
  const call = { user, method: 'POST', path };
  const answer = await callApi(url, kind === 'json' ? { ...call, body: message } : { ...call, form: formOf(message) });
  if (answer === undefined) return undefined;
  if (answer.status < 300) return { id: Number((answer.body as { id: string }).id) };
  return answer.status === 503 || answer.status === 429 ? 'again' : 'refused';
}

/** The file comes before, between or after the fields. */
function formOf(message: MessageCall): FormData {
  const form = new FormData();
  const fields = Object.entries(message);
  const place = message.content.length % (fields.length + 1);
  for (const [at, [name, value]] of [...fields, ['', '']].entries()) {
    if (at === place) form.append('file', new Blob([new Uint8Array(fileFor(message.content))]), 'a file.bin');
    if (name !== undefined && value !== undefined && name !== '') form.append(name, value);
  }
  return form;
}
