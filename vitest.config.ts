import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // A process per file: the tests open sockets and databases and kill servers, and one that hangs must not hold up the others.
    pool: 'forks',
    maxWorkers: 2,
    // No test may depend on a quick machine, so the limits only catch what never ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // Committed code runs all of its tests, on every machine.
    allowOnly: false,
  },
});
