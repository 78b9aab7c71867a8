/** Bob goes away and comes back with the last id he has: nothing is lost, nothing comes twice. `npx node examples/resume.ts "$ADA" "$BOB"` */
const url = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080';
const [ada = 'missing', bob = 'missing'] = process.argv.slice(2);

/** The largest id seen: all that a client has to keep over a restart. */
let last = 0;

/** Takes everything since `last` and leaves at the empty page that ends the answer. */
async function catchUp(): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/message/chat`, ['bearer', bob]);
  const sync = { sn: 'sync', type: 'PAYLOAD_TYPE_SYNC', local: { ids: [{ category: 'CATEGORY_PRIVATE', last_id: last }] } };
  socket.addEventListener('open', () => socket.send(JSON.stringify(sync)));
  socket.addEventListener('message', ({ data }) => {
    const { posts = [] } = JSON.parse(String(data)).postbox;
    for (const { postmark, text } of posts) console.log(`  #${postmark.unique_id} ${text?.content}`);
    for (const { postmark } of posts) last = Math.max(last, Number(postmark.unique_id));
    if (posts.length === 0) socket.close(1000);
  });
  const closed = await new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
  if (closed.code !== 1000) throw new Error(`closed with ${closed.code} ${closed.reason}`);
}

async function write(content: string): Promise<void> {
  const postmark = { category: 'CATEGORY_PRIVATE', sender: 1, receiver: 2 };
  const body = JSON.stringify({ postmark, type: 'TYPE_TEXT', text: { content } });
  const answer = await fetch(`${url}/message/chat/send`, { method: 'POST', headers: { authorization: `Bearer ${ada}` }, body });
  if (!answer.ok) throw new Error(await answer.text());
}

console.log('Bob takes what there is:');
await catchUp();
for (const word of ['one', 'two', 'three']) await write(`${word}, written while Bob is away`);
console.log('Bob is back:');
await catchUp();
