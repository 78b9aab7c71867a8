import type { Figure, Metrics } from './figures.ts';
import { bound, judge } from './goals.ts';
import type { Goal, Verdict } from './goals.ts';
import { count, fixed, kilobytes, milliseconds, percent } from './numbers.ts';
import { SERVER_NAMES } from './servers.ts';

interface Column {
  readonly head: string;
  readonly width: number;
  readonly left?: boolean;
}

const COLUMNS: readonly Column[] = [
  { head: 'work', width: 30, left: true },
  { head: 'server', width: 26, left: true },
  { head: 'cpu s', width: 6 },
  { head: 'busy', width: 4 },
  { head: 'per s', width: 7 },
  { head: 'per cpu-s', width: 9 },
  { head: 'p50 ms', width: 6 },
  { head: 'p99 ms', width: 6 },
  { head: 'RSS MB', width: 6 },
  { head: 'gen', width: 4 },
  { head: 'ratio', width: 9 },
  { head: 'goal', width: 7 },
  { head: '', width: 8, left: true },
];
/** Where the ratio stands, so that a second criterion can be put below the first. */
const RATIO_COLUMN = 10;

const LEGEND = [
  'per s, per cpu-s: deliveries (D1: appended rows; M1: memory per session). cpu s: user + sys of the whole server process in the measured time.',
  'busy: share of the time its core was taken; gen: share of a core the load generator took. p50, p99: from send to delivery (D1: of one commit).',
  "ratio: Switchboard's figure divided by that server's, in brackets where no goal asks for it.",
];

/** The whole outcome as one table: per goal Switchboard, then each baseline with Switchboard's ratio to it and what the ratio should be. */
export function renderTable(goals: readonly Goal[], figures: readonly Figure[]): string {
  const lines = [line(COLUMNS.map(({ head }) => head)), COLUMNS.map(({ width }) => '-'.repeat(width)).join('  ')];
  const notes = new Set<string>();
  for (const goal of goals) {
    const own = figures.filter((figure) => figure.goal === goal.id);
    const verdicts = judge(goal, own);
    own.forEach((figure, i) => {
      const label = i === 0 ? `${goal.id}  ${goal.title}${windowOf(goal.title, figure.metrics)}` : '';
      const [first, ...more] = verdicts.filter(({ criterion }) => criterion.against === figure.server);
      const ratio = first ? verdictCells(first, notes) : [orientation(goal, own, figure), '', ''];
      lines.push(line([label, SERVER_NAMES[figure.server], ...figureCells(figure.metrics), ...ratio]));
      for (const verdict of more) lines.push(line([...Array<string>(RATIO_COLUMN).fill(''), ...verdictCells(verdict, notes)]));
    });
  }
  return [...lines, '', ...[...LEGEND, ...notes].map((note) => `  ${note}`)].join('\n');
}

function line(cells: readonly string[]): string {
  return COLUMNS.map(({ width, left }, i) => (left ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width)))
    .join('  ')
    .trimEnd();
}

/** The window, where it was found by trying and the title does not say it. */
function windowOf(title: string, { window = 0 }: Metrics): string {
  return window > 0 && !title.includes('W=') ? `, W=${window}` : '';
}

function figureCells(metrics: Metrics): string[] {
  return [
    fixed(metrics.cpuSeconds, 2),
    percent(metrics.busy),
    kilobytes(metrics.bytesPerSession) || count(metrics.perSecond),
    count(metrics.perCpuSecond),
    milliseconds(metrics.p50),
    milliseconds(metrics.p99),
    fixed(metrics.rssMb, 0),
    percent(metrics.generatorShare),
  ];
}

function verdictCells({ criterion, ratio, met }: Verdict, notes: Set<string>): string[] {
  const metric = criterion.metric === 'p50' || criterion.metric === 'p99' ? `${criterion.metric} ` : '';
  let mark = '';
  if (criterion.converted) {
    notes.add(`* ${bound(criterion)} × ${SERVER_NAMES[criterion.against]}: ${criterion.converted}`);
    mark = ' *';
  }
  return [`${metric}${fixed(ratio, 2) || '?'}`, bound(criterion), met === undefined ? '' : `${met ? 'met' : 'MISSED'}${mark}`];
}

/** Switchboard's ratio to a baseline that no goal names, to place the figure. */
function orientation(goal: Goal, figures: readonly Figure[], figure: Figure): string {
  const ours = figures.find(({ server }) => server === 'switchboard')?.metrics[goal.headline];
  const theirs = figure.metrics[goal.headline];
  if (figure.server === 'switchboard' || ours === undefined || !theirs) return '';
  return `(${(ours / theirs).toFixed(2)})`;
}
