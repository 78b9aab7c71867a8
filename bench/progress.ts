const REFRESH_MS = 250;

export interface Progress {
  /** What is being done now, and the share of all the work that is behind it (0 to 1). */
  step(text: string, done: number): void;
  /** A line that stays. */
  note(text: string): void;
  end(): void;
}

/** One line that changes on a terminal; a line per step elsewhere. Written to standard error, so that the table alone is standard output. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  const started = performance.now();
  let current = '';
  let share = 0;
  const draw = (): void => {
    const line = `${String(Math.round(share * 100)).padStart(3)} %  ${clock(performance.now() - started)}  ${current}`;
    stream.write(`\r\u001B[K${line.slice(0, (stream.columns || 80) - 1)}`);
  };
  const timer = stream.isTTY ? setInterval(draw, REFRESH_MS) : undefined;
  return {
    step(text, done) {
      current = text;
      share = done;
      if (timer) draw();
      else stream.write(`${String(Math.round(done * 100)).padStart(3)} %  ${clock(performance.now() - started)}  ${text}\n`);
    },
    note(text) {
      stream.write(timer ? `\r\u001B[K${text}\n` : `${text}\n`);
    },
    end() {
      clearInterval(timer);
      if (timer) stream.write('\r\u001B[K');
    },
  };
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
