/** `npm run lint`: format, lint (walls, cycles, promises), types and generated code, without the tests. `npm run check` and `npm test` run these first, then the tests. */
import { install } from './install.mjs';
import { runChecks } from './steps.mjs';

const failed = await runChecks(await install());
if (failed.length > 0) process.exitCode = 1;
