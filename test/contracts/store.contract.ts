/**
 * What every store must do: all operations and all reads of `Store` (src/core/ports.ts). A store's test file says where its data lives and calls
 * this; what is special to one store is tested beside the call.
 */
import { describe } from 'vitest';
import { accountsContract } from './store/accounts.ts';
import { anyHistoryContract } from './store/any-history.ts';
import { changingContract } from './store/changing.ts';
import { cursorsContract } from './store/cursors.ts';
import { deskContract } from './store/desk.ts';
import { erasingContract } from './store/erasing.ts';
import { editingContract } from './store/editing.ts';
import { listsContract } from './store/lists.ts';
import { feedContract } from './store/feed.ts';
import { filesContract } from './store/files.ts';
import { moderationContract } from './store/moderation.ts';
import { readingContract } from './store/reading.ts';
import { repeatsContract } from './store/repeats.ts';
import { sendingContract } from './store/sending.ts';
import { searchingContract } from './store/searching.ts';
import type { Subject } from './store/subject.ts';
import { supportContract } from './store/support.ts';

export type { Place, Subject } from './store/subject.ts';

export function storeContract(name: string, subject: Subject): void {
  describe(`${name}: the store contract`, () => {
    sendingContract(subject);
    repeatsContract(subject);
    changingContract(subject);
    editingContract(subject);
    cursorsContract(subject);
    readingContract(subject);
    listsContract(subject);
    accountsContract(subject);
    moderationContract(subject);
    deskContract(subject);
    erasingContract(subject);
    searchingContract(subject);
    supportContract(subject);
    feedContract(subject);
    filesContract(subject);
    anyHistoryContract(subject);
  });
}
