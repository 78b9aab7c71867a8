/** Ada writes to Bob, who reads what he missed and what comes, over WebSockets: `npx node examples/websocket.ts "$ADA" "$BOB"` */
const url = `${process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080'}/message/chat`.replace('http', 'ws');

function connect(name: string, token = 'missing', first: object): WebSocket {
  // A browser cannot set headers: the token goes as a subprotocol.
  const socket = new WebSocket(url, ['bearer', token]);
  socket.addEventListener('open', () => socket.send(JSON.stringify(first)));
  socket.addEventListener('message', ({ data }) => {
    const { sn, postbox } = JSON.parse(String(data));
    const { posts = [] } = postbox;
    for (const { postmark, text } of posts)
      console.log(`${name}: #${postmark.unique_id}`, sn === hello.sn ? 'is stored' : text?.content);
    // The empty page ends the answer to Bob; from here on he hears what comes.
    if (posts.length === 0) connect('Ada', process.argv[2], hello);
    else if (sn !== 'sync') socket.close(1000);
  });
  socket.addEventListener('close', ({ code, reason }) => {
    if (code !== 1000) throw new Error(`${name}: closed with ${code} ${reason}`);
  });
  return socket;
}

const postmark = { category: 'CATEGORY_PRIVATE', sender: 1, receiver: 2 };
const post = { postmark, type: 'TYPE_TEXT', text: { content: 'hello from a WebSocket' } };
// The sn is the idempotency key of what is sent: a frame repeated on a new connection is still one message.
const hello = { sn: crypto.randomUUID(), type: 'PAYLOAD_TYPE_MESSAGES', postbox: { posts: [post] } };
connect('Bob', process.argv[3], { sn: 'sync', type: 'PAYLOAD_TYPE_SYNC', local: { ids: [{ category: 'CATEGORY_PRIVATE' }] } });
