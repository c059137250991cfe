import { isatty } from "node:tty";
import { styleText } from "node:util";

/** Where a command writes: data to standard output, everything else to standard error. Colour only on a terminal. */
export interface Terminal {
  data(text: string): void;
  /** Text for a person who watches. */
  progress(text: string): void;
  /** What is wrong, and what to do about it. */
  problem(message: string, hint?: string): void;
  /** Whether a person is at standard input: what `attended` means. */
  readonly hasPerson: boolean;
  /** Columns of standard output. */
  readonly width: number;
  /** Colours text for standard output. */
  paint(style: Style, text: string): string;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow";

const DEFAULT_WIDTH = 100;

export function processTerminal(): Terminal {
  const isColourful = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
  const isErrorColourful = process.stderr.isTTY && process.env["NO_COLOR"] === undefined;
  // A reader that went away, or a log on a full disk, is no reason to end a night: the journal has it all.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return {
    data: (text) => void process.stdout.write(text),
    progress: (text) => void process.stderr.write(text),
    problem: (message, hint) => {
      const word = isErrorColourful ? styleText("red", "nightwarden:") : "nightwarden:";
      process.stderr.write(`${word} ${message}\n${hint === undefined ? "" : `hint: ${hint}\n`}`);
    },
    // `process.stdin.isTTY` is undefined where it is none, whatever its type says.
    hasPerson: isatty(0),
    width: process.stdout.isTTY ? process.stdout.columns : DEFAULT_WIDTH,
    paint: (style, text) => (isColourful ? styleText(style, text) : text),
  };
}
