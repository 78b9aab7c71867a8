/**
 * Fills a data folder for a server that is not started yet: `fill.ts FOLDER OPERATORS CLIENTS taken|waiting`. Operators are the users from 1,
 * clients the following ones, each with one chat: it waits, or is taken by the operator whose turn it is.
 */
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { addChats, addOperators } from './chats.ts';

const [folder = '', operators = '', clients = '', state = ''] = process.argv.slice(2);
const count = Number(operators);
const store = await openSqliteStore({ folder });
await addOperators(store, 1, count);
await addChats(store, {
  source: 'bench',
  count: Number(clients),
  firstClient: count + 1,
  operatorOf: (at) => (state === 'taken' ? 1 + (at % count) : 0),
});
await store.close();
process.stdout.write('filled\n');
