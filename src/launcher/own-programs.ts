import { realpathSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM_FOLDERS } from "./host-spec.ts";
import { demandTrusted } from "./trusted-files.ts";

/** Our compiled programs: the folder that this one is in is beside them. */
const PROGRAMS = join(import.meta.dirname, "..");

export interface OwnPrograms {
  readonly node: string;
  readonly programs: string;
}

/** The Node that runs us, and our programs. Refuses them where somebody else than root could change them. */
export function ownPrograms(): OwnPrograms {
  const node = realpathSync(process.execPath);
  demandTrusted(node);
  for (const folder of [...PROGRAM_FOLDERS, "launcher"]) demandTrusted(join(PROGRAMS, folder));
  return { node, programs: realpathSync(PROGRAMS) };
}
