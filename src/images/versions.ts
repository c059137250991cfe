import { readFile } from "node:fs/promises";
import path from "node:path";
import { NightwardenError } from "../core/nightwarden-error.ts";

/** What docker/versions.env pins. */
export interface Versions {
  readonly node: string;
  readonly npm: string;
  /** The image that users build on whose engine can fetch one. */
  readonly baseImage: string;
}

export async function readVersions(packageDir: string): Promise<Versions> {
  const file = path.join(packageDir, "docker", "versions.env");
  const text = await readFile(file, "utf8");
  const value = (name: string): string => {
    const found = new RegExp(`^${name}=(.+)$`, "m").exec(text)?.[1];
    if (found) return found;
    throw new NightwardenError({
      code: "refused.image",
      message: `${file} has no ${name}`,
      hint: "The installation is not complete: install Nightwarden again.",
    });
  };
  return { node: value("NODE_VERSION"), npm: value("NPM_VERSION"), baseImage: value("BASE_IMAGE") };
}
