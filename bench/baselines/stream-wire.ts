/** The message stream's JSON (docs/protocols/message-stream), as little of it as the baseline servers need; they trust what they read. */

import type { RawData } from 'ws';

export interface Send {
  readonly sn: string;
  readonly category: number;
  readonly sender: string;
  readonly receiver: string;
  readonly content: string;
}

interface Frame {
  readonly sn: string;
  readonly postbox: {
    readonly posts: readonly [
      {
        readonly postmark: { readonly category: number; readonly sender: string; readonly receiver: string };
        readonly text: { readonly content: string };
      },
    ];
  };
}

/** A send as it stands in a parsed frame. */
export function readSend(frame: Frame): Send {
  const { postmark, text } = frame.postbox.posts[0];
  return {
    sn: frame.sn,
    category: postmark.category,
    sender: postmark.sender,
    receiver: postmark.receiver,
    content: text.content,
  };
}

/** A send in a WebSocket message, which `ws` hands over as one Buffer. */
export function parseSend(data: RawData): Send {
  return readSend(JSON.parse(Buffer.isBuffer(data) ? data.toString() : '') as Frame);
}

/** Position and time that a server gives a message; the baselines count from 1. */
export function createStamp(): () => { unique_id: string; timestamp: string } {
  let last = 0;
  return () => {
    last += 1;
    return { unique_id: String(last), timestamp: new Date().toISOString() };
  };
}

type Stamp = ReturnType<ReturnType<typeof createStamp>>;

export function ackOf(send: Send, stamp: Stamp): object {
  const postmark = { category: send.category, sender: send.sender, receiver: send.receiver, ...stamp };
  return { sn: send.sn, type: 2, postbox: { posts: [{ postmark }] } };
}

export function deliveryOf(send: Send, stamp: Stamp): object {
  const postmark = { category: send.category, sender: send.sender, receiver: send.receiver, ...stamp };
  return { sn: `s${stamp.unique_id}`, type: 2, postbox: { posts: [{ postmark, type: 1, text: { content: send.content } }] } };
}
