/** Makes this process's disk slow: between a commit and its sync lies time, in which others act. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Until it is disposed of, every `fdatasync` beside the event loop begins so many milliseconds late. Returns how many there were with `calls`. */
export function slowSync(milliseconds: number): Disposable & { readonly calls: number } {
  const { fdatasync } = fs;
  let calls = 0;
  function slowed(fd: number, done: (error: NodeJS.ErrnoException | null) => void): void {
    calls += 1;
    setTimeout(() => fdatasync(fd, done), milliseconds);
  }
  fs.fdatasync = Object.assign(slowed, fdatasync);
  syncBuiltinESMExports();
  return {
    get calls() {
      return calls;
    },
    [Symbol.dispose]() {
      fs.fdatasync = fdatasync;
      syncBuiltinESMExports();
    },
  };
}
