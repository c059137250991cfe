import { z } from "zod";
import { CANARY_IDS, type CanaryId, type ProbeAnswer } from "../../core/canary.ts";

export type ProbeAnswers = Map<CanaryId, ProbeAnswer>;

const words = z.array(z.string().max(2000)).max(500);
const answerLine = z.object({
  canary: z.enum(CANARY_IDS),
  reached: words,
  refused: words,
  unclear: words,
});

/** One line of a probe program. Undefined: it is none. Untrusted: a program of the image may print anything. */
export function readProbeAnswer(
  line: string,
  prefix: string,
): (ProbeAnswer & { readonly canary: CanaryId }) | undefined {
  if (!line.startsWith(prefix)) return undefined;
  try {
    return answerLine.parse(JSON.parse(line.slice(prefix.length)));
  } catch {
    return undefined; // no answer, which is inconclusive
  }
}
