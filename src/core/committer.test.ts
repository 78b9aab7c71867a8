import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createCommitter } from './committer.ts';
import type { Committer } from './committer.ts';
import { ChatError } from './errors.ts';
import type { Operation, Outcome, RevokeTokens } from './ports.ts';

/** Any operation will do; the user tells them apart. */
function operation(user: number): RevokeTokens {
  return { type: 'revoke', namespace: 'default', user, until: 0 };
}

function outcome({ user = 0 }: Partial<RevokeTokens>): Outcome {
  return { type: 'revoke', revocation: { namespace: 'default', user, before: 0, until: 0 } };
}

/** A store whose commits end when the test says so. */
function controlled(options: { maxBatch?: number; maxWaiting?: number; announce?: (user: number) => void } = {}) {
  const batches: number[][] = [];
  const log: string[] = [];
  let finish:
    | { resolve: (outcomes: Outcome[]) => void; reject: (cause: Error) => void; operations: readonly Operation[] }
    | undefined;
  const committer = createCommitter({
    store: {
      commit(operations) {
        if (finish !== undefined) throw new Error('two commits at once');
        batches.push(operations.map((one) => ('user' in one ? one.user : 0)));
        return new Promise((resolve, reject) => {
          finish = { resolve, reject, operations };
        });
      },
    },
    announce(made) {
      const user = 'user' in made ? made.user : 0;
      log.push(`announce ${user}`);
      options.announce?.(user);
    },
    meter: { committed: (size) => log.push(`committed ${size}`) },
    onFailure: (cause) => log.push(`failure ${cause instanceof Error ? cause.message : ''}`),
    options: { maxBatch: options.maxBatch ?? 100, maxWaiting: options.maxWaiting ?? 100 },
  });
  return {
    committer,
    batches,
    log,
    /** Ends the commit that is under way. */
    async end(outcomes?: Outcome[]): Promise<void> {
      const ending = finish;
      finish = undefined;
      ending?.resolve(outcomes ?? ending.operations.map((one) => outcome(one as RevokeTokens)));
      await setImmediate();
    },
    async fail(message: string): Promise<void> {
      const ending = finish;
      finish = undefined;
      ending?.reject(new Error(message));
      await setImmediate();
    },
    submit(user: number): Promise<unknown> {
      return committer.commit(operation(user)).then(
        () => log.push(`answered ${user}`),
        (error: ChatError) => log.push(`refused ${user} ${error.code}`),
      );
    },
  };
}

async function started(committer: Committer): Promise<void> {
  while (committer.depth === 0) await setImmediate();
  await setImmediate();
  await setImmediate();
}

describe('the committer', () => {
  test('puts the operations of one turn, and those that come during a commit, into the next one', async () => {
    const { committer, batches, submit, end } = controlled();
    for (const user of [1, 2, 3]) void submit(user);
    await Promise.resolve();
    void submit(4);
    expect(batches).toEqual([]);
    await started(committer);
    expect(batches).toEqual([[1, 2, 3, 4]]);
    for (const user of [5, 6]) void submit(user);
    await setImmediate();
    expect(batches).toHaveLength(1);
    expect(committer.depth).toBe(6);
    await end();
    await setImmediate();
    expect(batches).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    await end();
    expect(committer.depth).toBe(0);
  });

  test('never commits more than the limit at once, and loses none', async () => {
    const { committer, batches, submit, end } = controlled({ maxBatch: 3 });
    const answers = Array.from({ length: 8 }, (_, at) => submit(at + 1));
    await started(committer);
    for (let round = 0; round < 3; round += 1) {
      await end();
      await setImmediate();
    }
    await Promise.all(answers);
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8],
    ]);
  });

  test('announces in the order of the commit, each before its caller hears of it, refusals not at all', async () => {
    const { committer, log, submit, end } = controlled();
    const answers = [1, 2, 3, 4].map(submit);
    await started(committer);
    await end([
      outcome({ user: 1 }),
      { type: 'refused', reason: new ChatError('not_found', 'no') },
      { type: 'refused', reason: 'stale' },
      outcome({ user: 4 }),
    ]);
    await Promise.all(answers);
    expect(log.filter((line) => line.startsWith('announce'))).toEqual(['announce 1', 'announce 4']);
    for (const user of [1, 4]) expect(log.indexOf(`announce ${user}`)).toBeLessThan(log.indexOf(`answered ${user}`));
    expect(log).toContain('refused 2 not_found');
    expect(log).toContain('answered 3');
  });

  test('answers stale as a value', async () => {
    const { committer, end } = controlled();
    const answer = committer.commit(operation(1));
    await started(committer);
    await end([{ type: 'refused', reason: 'stale' }]);
    expect(await answer).toBe('stale');
  });

  test('refuses one too many at once, and takes the next when there is room', async () => {
    const { committer, batches, log, submit, end } = controlled({ maxWaiting: 3 });
    for (const user of [1, 2, 3]) void submit(user);
    await expect(committer.commit(operation(4))).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1_000 });
    await started(committer);
    for (const user of [5, 6, 7]) void submit(user);
    await submit(8);
    expect(log).toEqual(['refused 8 unavailable']);
    expect(committer.depth).toBe(6);
    await end();
    await setImmediate();
    await end();
    expect(batches).toEqual([
      [1, 2, 3],
      [5, 6, 7],
    ]);
  });

  test('tells everybody of a batch that failed, announces nothing of it, and goes on', async () => {
    const { committer, batches, log, submit, end, fail } = controlled();
    const first = [submit(1), submit(2)];
    await started(committer);
    const second = submit(3);
    await fail('the disk is full');
    await Promise.all(first);
    expect(log).toEqual(['failure the disk is full', 'refused 1 unavailable', 'refused 2 unavailable']);
    await setImmediate();
    await end();
    await second;
    expect(batches).toEqual([[1, 2], [3]]);
    expect(log.slice(3)).toEqual(['committed 1', 'announce 3', 'answered 3']);
  });

  test('keeps the cause of a failure for the log, not for the caller', async () => {
    const { committer, fail } = controlled();
    const answer = committer.commit(operation(1));
    const caught = answer.catch((error: unknown) => error);
    await started(committer);
    await fail('/var/data: permission denied');
    const error = await caught;
    expect(error).toBeInstanceOf(ChatError);
    expect(String(error)).not.toContain('/var/data');
    expect(error).toMatchObject({ cause: new Error('/var/data: permission denied') });
  });

  test('an announcement that fails takes nothing back: what is stored is acknowledged, and the others are announced', async () => {
    const { committer, log, submit, end } = controlled({
      announce(user) {
        if (user === 2) throw new Error('cannot be encoded');
      },
    });
    const answers = [1, 2, 3].map(submit);
    await started(committer);
    await end();
    await Promise.all(answers);
    expect(log.filter((line) => line.startsWith('announce'))).toEqual(['announce 1', 'announce 2', 'announce 3']);
    expect(log.filter((line) => line.startsWith('answered'))).toEqual(['answered 1', 'answered 2', 'answered 3']);
    expect(log.filter((line) => line.startsWith('failure'))).toEqual(['failure cannot be encoded']);
  });

  test('is idle when nothing waits and nothing is under way', async () => {
    const { committer, submit, end, fail } = controlled({ maxBatch: 1 });
    await committer.idle();
    let idle = false;
    void submit(1);
    void submit(2);
    const waiting = Promise.all([committer.idle(), committer.idle()]).then(() => {
      idle = true;
    });
    await started(committer);
    await end();
    await setImmediate();
    expect(idle).toBe(false);
    await fail('no');
    await waiting;
    expect(committer.depth).toBe(0);
  });
});
