import type { ManifestFacts } from "../../core/dependency.ts";
import type { FilePair } from "../finder.ts";

/** What a changed manifest said, and says. */
export interface ManifestChange {
  readonly pair: FilePair;
  readonly before: ManifestFacts | undefined;
  readonly after: ManifestFacts;
}
