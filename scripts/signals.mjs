/** How a script hears that it should end, and ends what it started. */
import { constants } from 'node:os';

/** The same signal again within this time is the same Ctrl+C by another way (the terminal's and npm's), not a second one. */
const ECHO_MS = 1000;
const PARENT_POLL_MS = 500;

/**
 * Calls `end(signal)` when this process is asked to end, until the returned function is called. When npm runs this script and is
 * gone without a word (kill -9), that is a SIGTERM too; a script run by hand may outlive the shell that started it.
 */
export function onEnd(end) {
  const heard = new Map();
  const hear = (signal) => {
    const now = performance.now();
    if (now - (heard.get(signal) ?? -ECHO_MS) < ECHO_MS) return;
    heard.set(signal, now);
    end(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, hear);
  const parent = process.ppid;
  const watch = process.env.npm_lifecycle_event && setInterval(() => process.ppid === parent || hear('SIGTERM'), PARENT_POLL_MS);
  return () => {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, hear);
  };
}

/** Signals a child that was started `detached`, with all that it started in turn (on Windows itself alone). */
export function endGroup(child, signal) {
  if (process.platform === 'win32') {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** The exit code a shell would give: that of the program, or 128 and the number of the signal that ended it. */
export function exitCode(status, signal) {
  return status ?? 128 + constants.signals[signal];
}
