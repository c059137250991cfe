import { existsSync, lstatSync, readlinkSync } from "node:fs";
import {
  ETC_FILES,
  MASKED_FILES,
  MASKED_FOLDERS,
  NETWORK_FILES,
  READ_ONLY_PROC,
  ROOT_LINKS,
  type HostFacts,
} from "./host-spec.ts";

/** Looks up what `host-spec.ts` has to know of this machine. */
export function readHostFacts(): HostFacts {
  const looked = [...ETC_FILES, ...NETWORK_FILES, ...MASKED_FILES, ...MASKED_FOLDERS, ...READ_ONLY_PROC];
  return {
    rootLinks: ROOT_LINKS.flatMap((path) => {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (!stats) return [];
      return [{ path, target: stats.isSymbolicLink() ? readlinkSync(path) : null }];
    }),
    existing: new Set(looked.filter((path) => existsSync(path))),
  };
}
