/** The goals that this benchmark judges, in the order in which they are measured and shown. */
export const GOAL_IDS = [
  'F1',
  'F2',
  'F3',
  'F4',
  'P1',
  'G1',
  'M1',
  'D1',
  'L1',
  'L2',
  'S1',
  'S2',
  'S3',
  'S4',
  'P2',
  'K1',
  'K2',
  'K3',
  'K4',
] as const;
export type GoalId = (typeof GOAL_IDS)[number];
