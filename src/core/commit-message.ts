import type { AttemptRef } from "./attempt.ts";
import type { NightId } from "./ids.ts";
import type { Task } from "./plan.ts";
import { safeLine } from "./safe-text.ts";

const MAX_TITLE_CHARS = 100;

/** The message of a task's commit. Ours alone: nothing that an agent said is in it. */
export function commitMessage(options: {
  readonly task: Pick<Task, "id" | "title">;
  readonly attempt: AttemptRef;
  readonly night: NightId;
}): string {
  const { task, attempt, night } = options;
  const trailers = [
    `Nightwarden-Task: ${task.id}`,
    `Nightwarden-Attempt: ${attempt.attempt}`,
    `Nightwarden-Night: ${night}`,
  ];
  return `${safeLine(task.title, MAX_TITLE_CHARS)}\n\n${trailers.join("\n")}\n`;
}
