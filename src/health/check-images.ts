import type { Images } from "../contracts/images.ts";
import type { Sandboxes } from "../contracts/sandbox.ts";
import type { Trees } from "../contracts/trees.ts";
import type { CheckLine } from "../core/check-line.ts";
import { programOf } from "../core/command-program.ts";
import type { Limits } from "../core/limits.ts";
import { missingPrograms } from "./missing-programs.ts";

export interface ImageCheckDeps {
  readonly images: Images;
  readonly sandboxes: Sandboxes;
  readonly trees: Trees;
  readonly newToken: () => string;
  /** Where a program is missing, and what to do about it. */
  readonly missingProgram: { readonly where: string; readonly hint: string };
}

interface CheckedRepository {
  readonly name: string;
  /** Its verify commands, and those of its tasks. */
  readonly commands: readonly string[];
  readonly agentPrograms: readonly string[];
}

/** Builds each repository's image and looks for the programs of its verify commands and agents in it. Starts no agent. */
export async function checkImages(
  deps: ImageCheckDeps,
  options: {
    readonly repositories: readonly CheckedRepository[];
    readonly limits: Limits;
    readonly onProgress: (line: string) => void;
  },
): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  for (const { name, commands, agentPrograms } of options.repositories) {
    const subject = `image of ${name}`;
    const image = await deps.images.ensure(name, options.onProgress);
    lines.push({ subject, verdict: "ok", message: `${image.id.slice(7, 19)} from ${image.base}` });
    const verifyPrograms = commands.flatMap((command) => programOf(command) ?? []);
    const programs = [...verifyPrograms, ...agentPrograms];
    for (const program of await missingPrograms(deps, {
      image: image.id,
      programs,
      limits: options.limits,
    })) {
      const who = verifyPrograms.includes(program) ? "a verify command" : "an agent";
      lines.push({
        subject,
        verdict: "refused",
        message: `${who} starts "${program}", which is not ${deps.missingProgram.where}`,
        hint: deps.missingProgram.hint,
      });
    }
  }
  return lines;
}
