/** Loaded into the server before anything else by launch.mjs: when the launcher is gone, the server drains and ends too. */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The channel alone must not keep a server alive that has ended its work.
process.channel?.unref();
