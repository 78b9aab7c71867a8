import { barChart, escapeText, lineChart } from './charts.ts';
import type { Bar, Line } from './charts.ts';
import type { Figure } from './figures.ts';
import { bound, judge } from './goals.ts';
import type { Goal, Verdict } from './goals.ts';
import type { Machine } from './machine.ts';
import { count, fixed, kilobytes, milliseconds, percent } from './numbers.ts';
import type { Pace } from './options.ts';
import { STYLE } from './page-style.ts';
import { SERVER_NAMES } from './servers.ts';

export interface PageInput {
  readonly made: string;
  readonly machine: Machine;
  readonly pace: Pace;
  readonly goals: readonly Goal[];
  readonly figures: readonly Figure[];
  /** What a reader must know: failures, lost messages, cores that were not saturated. */
  readonly warnings: readonly string[];
}

/** The report as one HTML page that asks for nothing else. */
export function renderPage({ made, machine, pace, goals, figures, warnings }: PageInput): string {
  const verdicts = goals.flatMap((goal) => judge(goal, figures));
  const judged = verdicts.filter(({ met }) => met !== undefined);
  const met = judged.filter((verdict) => verdict.met);
  const shape = machine.pinned ? 'server on core 0, load generator on core 1' : 'server and load generator share their cores';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Switchboard benchmark</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<div>
<h1>Switchboard benchmark</h1>
<p>${escapeText(made.slice(0, 16).replace('T', ' '))} UTC, ${pace.name} run: ${pace.rounds} × ${pace.seconds} s per measurement, medians.
${escapeText(machine.cpu)}, ${machine.cores} cores, Linux ${escapeText(machine.kernel)}, Node ${escapeText(machine.node)}, SQLite ${escapeText(machine.sqlite)}; ${shape}, loopback, no TLS, 200-byte messages.</p>
</div>
<p class="score"><strong>${met.length}<span> / ${judged.length}</span></strong>goals met</p>
</header>
<main>
${warnings.length > 0 ? `<ul class="warnings">${warnings.map((text) => `<li>${escapeText(text)}</li>`).join('')}</ul>` : ''}
${windowSection(figures)}
<div class="cards">${goals.map((goal) => card(goal, figures)).join('')}</div>
<section><h2>All figures</h2><div class="scroll">${allFigures(goals, figures)}</div></section>
<section class="method"><h2>How to read this</h2>${METHOD}</section>
</main>
</body>
</html>
`;
}

/** Deliveries per CPU second over the messages in flight: the shape that tells batching from its absence. */
function windowSection(figures: readonly Figure[]): string {
  const windows = [
    ['F1', 'W = 1'],
    ['F2', 'W = 4'],
    ['F3', 'W = 32'],
  ] as const;
  const shown = windows.filter(([id]) => figures.some(({ goal }) => goal === id));
  if (shown.length < 2) return '';
  const servers = [...new Set(figures.filter(({ goal }) => shown.some(([id]) => id === goal)).map(({ server }) => server))];
  const lines: Line[] = servers.map((server) => ({
    label: SERVER_NAMES[server],
    own: server === 'switchboard',
    values: shown.map(([id]) => figures.find((figure) => figure.goal === id && figure.server === server)?.metrics.perCpuSecond),
  }));
  const title = 'Deliveries per server CPU second, one room of 1000';
  const names = shown.map(([, name]) => name);
  return `<section class="wide"><h2>${title}</h2><p>W is how many of the sender's messages are in flight. Logarithmic scale.</p>${lineChart(title, names, lines)}</section>`;
}

function card(goal: Goal, figures: readonly Figure[]): string {
  const own = figures.filter((figure) => figure.goal === goal.id);
  const chips = judge(goal, own).map(chip).join('');
  const bars = own.flatMap((figure) => bar(goal, figure) ?? []);
  const chart = bars.length > 0 ? barChart(`${goal.id} ${goal.title}`, bars) : '<p class="empty">not measured</p>';
  return `<section class="card"><h2><span>${goal.id}</span> ${escapeText(goal.title)}</h2><p>${UNITS[goal.headline] ?? ''}</p>${chart}<ul class="chips">${chips}</ul></section>`;
}

const UNITS: Partial<Record<Goal['headline'], string>> = {
  perCpuSecond: 'deliveries per server CPU second, more is better',
  perSecond: 'acknowledged rows per second, more is better',
  bytesPerSession: 'resident memory per idle session, less is better',
  p99: 'milliseconds from send to delivery, p50 strong within p99, less is better',
};

function bar(goal: Goal, { server, metrics }: Figure): Bar | undefined {
  const value = metrics[goal.headline];
  if (value === undefined) return undefined;
  const base = { label: SERVER_NAMES[server], value, own: server === 'switchboard' };
  if (goal.headline === 'p99') {
    const inner = metrics.p50 ?? 0;
    return { ...base, inner, text: `${milliseconds(inner)} / ${milliseconds(value)}` };
  }
  return { ...base, text: goal.headline === 'bytesPerSession' ? kilobytes(value) : count(value) };
}

function chip({ criterion, ratio, met }: Verdict): string {
  const state = met === undefined ? 'open' : met ? 'met' : 'missed';
  const metric = criterion.metric === 'p50' || criterion.metric === 'p99' ? `${criterion.metric} ` : '';
  const title = criterion.converted ? ` title="${escapeText(criterion.converted)}"` : '';
  const word = { met: 'met', missed: 'missed', open: 'not measured' }[state];
  return `<li class="${state}"${title}><b>${word}</b> ${metric}${ratio === undefined ? '' : `${ratio.toFixed(2)} × `}${escapeText(SERVER_NAMES[criterion.against])}, goal ${bound(criterion)}${criterion.converted ? ` <i>(${escapeText(criterion.converted)})</i>` : ''}</li>`;
}

function allFigures(goals: readonly Goal[], figures: readonly Figure[]): string {
  const heads = [
    '',
    'server',
    'cpu s',
    'busy',
    'per s',
    'per cpu-s',
    'lowest – highest',
    'p50 ms',
    'p99 ms',
    'ack p50',
    'ack p99',
    'RSS MB',
    'generator',
    'others on core',
  ];
  const rows = goals.flatMap((goal) =>
    figures
      .filter((figure) => figure.goal === goal.id)
      .map(({ server, metrics, spread }, i) => {
        const cells = [
          i === 0 ? goal.id : '',
          SERVER_NAMES[server],
          fixed(metrics.cpuSeconds, 2),
          percent(metrics.busy),
          kilobytes(metrics.bytesPerSession) || count(metrics.perSecond),
          count(metrics.perCpuSecond),
          spread ? `${count(spread[0])} – ${count(spread[1])}` : '',
          milliseconds(metrics.p50),
          milliseconds(metrics.p99),
          milliseconds(metrics.ackP50),
          milliseconds(metrics.ackP99),
          fixed(metrics.rssMb, 0),
          percent(metrics.generatorShare),
          percent(metrics.disturbed),
        ];
        const style = [i === 0 ? 'first' : '', server === 'switchboard' ? 'own-row' : ''].join(' ').trim();
        return `<tr class="${style}">${cells.map((cell) => `<td>${escapeText(cell)}</td>`).join('')}</tr>`;
      }),
  );
  return `<table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

const METHOD = `<p>All servers did the same work in the same run. Switchboard does all of it: tokens checked, real envelope, membership checked, every message on disk
before it is acknowledged and delivered. The bare servers parse, acknowledge and deliver, and store nothing (but the one that says so).</p>
<p>Work per CPU second is what can be compared between machines and on a busy one; it may only be compared where the server's core was taken all the time (<em>busy</em> near 100%).
CPU is user and system time of the whole server process, all threads, over exactly the measured seconds. The generator is a C program on raw sockets; its own share of a core is printed
because a generator at 100% measures itself. Every message is counted at every receiver, in order; a run in which one is missing, doubled or out of order says so above.</p>
<p>uWebSockets and ejabberd do not run here: where a goal names one, the chip names what stands in for it.</p>`;
