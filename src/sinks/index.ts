/** The sinks that a configuration names, and what brings the feed to them. */
export { openSinks } from './open.ts';
export type { SinkOptions } from './open.ts';
export { startRelays } from './relays.ts';
export type { Relays } from './relays.ts';
export type { RelayMeter } from './relay.ts';
export type { Sink } from './sink.ts';
