import { NightwardenError } from "../core/nightwarden-error.ts";

/** Node's own name for a processor. */
export type NodeArch = "x64" | "arm64";

const BY_DOCKERS: Readonly<Record<string, NodeArch>> = { amd64: "x64", arm64: "arm64" };

/** Node's name for the processor that Docker calls `arch`; throws where there are no images for it. */
export function nodeArchOf(arch: string): NodeArch {
  const nodeArch = BY_DOCKERS[arch];
  if (nodeArch) return nodeArch;
  throw new NightwardenError({
    code: "refused.image",
    message: `the engine runs on ${arch}: Nightwarden has images for ${Object.keys(BY_DOCKERS).join(" and ")}`,
    hint: "Use an engine on one of these.",
  });
}
