import type { IncomingMessage } from "node:http";

/** Why the head of an answer is none that the API would give; undefined: it is fine. */
export function wrongForm(
  answer: IncomingMessage,
  expected: { readonly status: number; readonly isStream: boolean },
): string | undefined {
  const { status, isStream } = expected;
  if (status >= 300 && status < 400) return "redirect";
  const encoding = answer.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") return "compressed";
  if (status >= 400) return undefined;
  if (status !== 200) return "status";
  const type = answer.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  return type === (isStream ? "text/event-stream" : "application/json") ? undefined : "content-type";
}
