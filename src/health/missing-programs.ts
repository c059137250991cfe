import type { Sandboxes } from "../contracts/sandbox.ts";
import type { Trees } from "../contracts/trees.ts";
import type { AttemptId, TaskId } from "../core/ids.ts";
import type { Limits } from "../core/limits.ts";

const DEADLINE_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
const FOUND = "found ";

/**
 * Which of `programs` do not exist in an image, asked in a sandbox like the one in which they will run. A path with a
 * slash in it is the repository's own, and is not asked for.
 */
export async function missingPrograms(
  deps: { readonly sandboxes: Sandboxes; readonly trees: Trees; readonly newToken: () => string },
  options: { readonly image: string; readonly programs: readonly string[]; readonly limits: Limits },
): Promise<string[]> {
  const { sandboxes, trees } = deps;
  const { image, limits } = options;
  const programs = [...new Set(options.programs)].filter((program) => !program.includes("/"));
  const attempt = { task: "check" as TaskId, attempt: "check.1" as AttemptId, token: deps.newToken() };
  const open = await trees.open({ attempt, slot: 0 });
  try {
    const sandbox = await sandboxes.start({
      attempt,
      role: "verify",
      image,
      trees: open,
      tree: "verify",
      limits,
      slot: 0,
    });
    try {
      const found = new Set<string>();
      const script =
        'for program; do if command -v "$program" >/dev/null; then echo "found $program"; fi; done';
      const job = {
        commands: [["sh", "-c", script, "sh", ...programs]],
        env: {},
        stdin: "",
        wallClockMs: DEADLINE_MS,
        outputBytes: MAX_OUTPUT_BYTES,
        onLine: ({ text }: { readonly text: string }): void => {
          if (text.startsWith(FOUND)) found.add(text.slice(FOUND.length));
        },
      };
      await sandbox.run(job, new AbortController().signal);
      return programs.filter((program) => !found.has(program));
    } finally {
      await sandbox.destroy();
    }
  } finally {
    await open.close();
  }
}
