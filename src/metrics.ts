/** What the server counts, for Prometheus (`GET /metrics`). */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Meter, StoreStats } from './core/index.ts';
import type { GrpcObservation } from './grpc/index.ts';

export interface Metrics {
  readonly meter: Meter;
  /** What becomes of events on their way to sinks. */
  readonly relays: {
    delivered(sink: string, events: number): void;
    failed(sink: string, type: string): void;
    buried(sink: string): void;
    lost(sink: string): void;
  };
  /** Counts what the gRPC server tells of itself. */
  observeGrpc(event: GrpcObservation): void;
  /** Where gauges that are read, not counted, come from. */
  watch(sources: { stats: () => Promise<StoreStats>; waiting: () => number }): void;
  readonly contentType: string;
  print(): Promise<string>;
  close(): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const sessions = new Gauge({ name: 'switchboard_sessions', help: 'Live sessions.', labelNames: ['door'], registers });
  const closed = new Counter({
    name: 'switchboard_sessions_closed_total',
    help: 'Sessions that ended.',
    labelNames: ['door', 'reason'],
    registers,
  });
  const sends = new Counter({
    name: 'switchboard_sends_total',
    help: 'Messages accepted, repeats included.',
    labelNames: ['door'],
    registers,
  });
  const deliveries = new Counter({
    name: 'switchboard_deliveries_total',
    help: 'Frames handed to sessions.',
    labelNames: ['door'],
    registers,
  });
  const refusals = new Counter({
    name: 'switchboard_refusals_total',
    help: 'Requests refused.',
    labelNames: ['door', 'code'],
    registers,
  });
  const verdicts = new Counter({
    name: 'switchboard_moderation_verdicts_total',
    help: 'Messages that the moderation hook was to judge, by its verdict; none: it gave none, and moderation-failure applied.',
    labelNames: ['verdict'],
    registers,
  });
  const batches = new Histogram({
    name: 'switchboard_commit_batch_size',
    help: 'Operations in one commit.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers,
  });
  const durations = new Histogram({
    name: 'switchboard_commit_duration_seconds',
    help: 'Time of one commit, the disk sync included.',
    buckets: [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    registers,
  });
  const grpcCalls = new Counter({
    name: 'switchboard_grpc_calls_total',
    help: 'gRPC calls that ended.',
    labelNames: ['path', 'code'],
    registers,
  });
  const grpcRefused = new Counter({
    name: 'switchboard_grpc_connections_refused_total',
    help: 'Connections closed for what their client did.',
    labelNames: ['reason'],
    registers,
  });
  const counter = (name: string, help: string, labelNames: readonly string[]): Counter =>
    new Counter({ name: `switchboard_events_${name}_total`, help, labelNames, registers });
  const eventsDelivered = counter('delivered', 'Events that a sink has taken.', ['sink']);
  const eventsFailed = counter('failed', 'Deliveries to a sink that failed and are tried again.', ['sink', 'type']);
  const eventsBuried = counter('dead', 'Events that a sink has refused for good.', ['sink']);
  const eventsLost = counter('lost', 'Times that events were forgotten before a sink had them: it was away too long.', ['sink']);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  void new Gauge({
    name: 'switchboard_event_loop_lag_seconds',
    help: 'The 99th percentile of the event-loop delay since the last look.',
    registers,
    collect() {
      this.set(delay.percentile(99) / 1e9);
      delay.reset();
    },
  });
  const counted = new Map<
    string,
    { readonly sent: ReturnType<typeof sends.labels>; readonly delivered: ReturnType<typeof deliveries.labels> }
  >();

  /** A door's counters, looked up once: the hot path adds to them. */
  function of(door: string) {
    let counters = counted.get(door);
    if (counters === undefined) counted.set(door, (counters = { sent: sends.labels(door), delivered: deliveries.labels(door) }));
    return counters;
  }

  return {
    meter: {
      committed(batch, milliseconds) {
        batches.observe(batch);
        durations.observe(milliseconds / 1000);
      },
      sent: (door) => of(door).sent.inc(),
      delivered: (door, count) => of(door).delivered.inc(count),
      refused: (door, code) => refusals.inc({ door, code }),
      judged: (verdict) => verdicts.inc({ verdict }),
      sessionOpened: (door) => sessions.inc({ door }),
      sessionClosed(door, reason) {
        sessions.dec({ door });
        closed.inc({ door, reason });
      },
    },
    relays: {
      delivered: (sink, events) => eventsDelivered.inc({ sink }, events),
      failed: (sink, type) => eventsFailed.inc({ sink, type }),
      buried: (sink) => eventsBuried.inc({ sink }),
      lost: (sink) => eventsLost.inc({ sink }),
    },
    observeGrpc(event) {
      if (event.kind === 'call_ended') grpcCalls.inc({ path: event.path, code: String(event.code) });
      else if (event.kind === 'connection_refused') grpcRefused.inc({ reason: event.reason });
    },
    watch({ stats, waiting }) {
      void new Gauge({
        name: 'switchboard_outbox_depth',
        help: 'Events in the outbox that the sink furthest behind has not taken, counted up to 100,000.',
        registers,
        async collect() {
          this.set((await stats()).outboxDepth);
        },
      });
      void new Gauge({
        name: 'switchboard_search_unindexed',
        help: 'Messages that are not in the search index yet, counted up to 100,000; a search reads them from the log.',
        registers,
        async collect() {
          this.set((await stats()).unindexed);
        },
      });
      void new Gauge({
        name: 'switchboard_operations_waiting',
        help: 'Operations waiting for a commit.',
        registers,
        collect() {
          this.set(waiting());
        },
      });
    },
    contentType: registry.contentType,
    print: () => registry.metrics(),
    close: () => delay.disable(),
  };
}
