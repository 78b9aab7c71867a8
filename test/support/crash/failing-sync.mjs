/**
 * Preloaded into a server: its syncs of the write-ahead log fail while the file named by FAILING_SYNC exists. Otherwise they take FAILING_SYNC_DELAY
 * milliseconds; none: nothing is synced, which is as fast as a disk can be and keeps them in the event loop. Needs no compiler.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { existsSync } = fs;
const failing = () => existsSync(process.env.FAILING_SYNC);
const failure = () => Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', errno: -5, syscall: 'fdatasync' });

fs.fdatasync = (_fd, done) => setTimeout(() => done(failing() ? failure() : null), Number(process.env.FAILING_SYNC_DELAY));
fs.fdatasyncSync = () => {
  if (failing()) throw failure();
};
syncBuiltinESMExports();
