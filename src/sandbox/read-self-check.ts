import type { SelfCheck } from "../core/event-fields.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { SELF_CHECK_PREFIX } from "../core/shim-protocol.ts";
import type { ProgramOutput } from "./enclosed-program.ts";
import { parseShimLine } from "./shim-line.ts";

const SELF_CHECK_DEADLINE_MS = 30_000;

/** The shim's first line. Nothing untrusted has run yet, so what is read here is ours. */
export async function readSelfCheck(output: AsyncGenerator<ProgramOutput>): Promise<SelfCheck> {
  let [stdout, stderr] = ["", ""];
  const deadline = AbortSignal.timeout(SELF_CHECK_DEADLINE_MS);
  for (;;) {
    const next = await Promise.race([output.next(), rejectOnAbort(deadline)]);
    if (next.done) {
      const said = `${stdout}${stderr}`.trim().slice(-500);
      throw new NightwardenError({
        code: "refused.sandbox",
        message: `the sandbox ended before it could describe itself${said ? `: ${said}` : ""}`,
        hint: "Does the image hold a Node that runs in it? Try: nightwarden image build",
      });
    }
    if (next.value.stream === "stderr") stderr += next.value.bytes.toString("utf8");
    else stdout += next.value.bytes.toString("utf8");
    const [line, ...after] = stdout.trimStart().split("\n");
    if (line === undefined || after.length === 0) continue;
    const message = parseShimLine(line, SELF_CHECK_PREFIX);
    if (message?.type !== "self-check") {
      const hint = "The image's shim is not ours, or of another version. Try: nightwarden image build";
      const said = stdout.slice(0, 200);
      throw new NightwardenError({
        code: "refused.sandbox",
        message: `unexpected first words: ${said}`,
        hint,
      });
    }
    return message.check;
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      const message = `the sandbox said nothing for ${SELF_CHECK_DEADLINE_MS / 1000} s after its start`;
      reject(new NightwardenError({ code: "infra.engine", message }));
    });
  });
}
