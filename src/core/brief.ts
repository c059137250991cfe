import type { Task } from "./plan.ts";

/**
 * What a client is told for a task: the task's own prompt, and what it cannot know of the place where it works. A
 * program of the user's gets the prompt alone.
 */
export function briefOf(task: Pick<Task, "prompt" | "verify" | "grants">): string {
  const granted = task.grants.dependencies;
  const commands = task.verify.map((command) => `    ${command}`);
  return [
    task.prompt.trimEnd(),
    "",
    "About the place where you work:",
    "- Nobody is there to answer questions. Decide yourself, and keep the change as small as the task.",
    "- There is no network, and nothing can be installed.",
    ...(granted.length > 0
      ? [`- Added for this task, to manifest and lock file, and installed already: ${granted.join(", ")}.`]
      : []),
    "- Only files in the current folder are taken, as they are when you end. You need not commit.",
    "- The change is kept only if these commands pass in a fresh copy:",
    ...commands,
    "",
  ].join("\n");
}
