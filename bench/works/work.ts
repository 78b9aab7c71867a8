import type { Children } from '../children.ts';
import type { Sample } from '../figures.ts';
import type { GoalId } from '../goal-ids.ts';
import type { Pace } from '../options.ts';
import type { ServerName, ServersDeps } from '../servers.ts';

export interface WorkDeps {
  readonly children: Children;
  readonly folder: string;
  readonly pace: Pace;
  readonly programs: { readonly load: string; readonly sync: string };
  readonly servers: ServersDeps;
  readonly note: (text: string) => void;
}

/** A piece of work that several servers do in turn. It may serve more than one goal, when they differ by the window only. */
export interface Work {
  readonly name: string;
  readonly goals: readonly GoalId[];
  readonly servers: readonly ServerName[];
  /** Roughly how long one server takes, in seconds: for the progress line. */
  estimate(pace: Pace): number;
  /** Lets one server do it once. `tell` says what is going on. */
  measure(server: ServerName, deps: WorkDeps, tell: (text: string) => void): Promise<Sample[]>;
}
