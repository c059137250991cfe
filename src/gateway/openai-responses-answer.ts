import type { Usage } from "../core/usage.ts";
import { NO_CHANGE, type AnswerChange, type AnswerFormat } from "./answer-format.ts";
import type { Json } from "./filter-json.ts";
import { countAt, errorCodeOf, objectAt, textAt } from "./json-fields.ts";

const DELTAS = [
  "response.output_text.delta",
  "response.function_call_arguments.delta",
  "response.custom_tool_call_input.delta",
  "response.reasoning_text.delta",
  "response.reasoning_summary_text.delta",
] as const;

export const OPENAI_RESPONSES_ANSWER: AnswerFormat = {
  deltaPrefixes: DELTAS.map((type) => `{"type":"${type}"`),
  textMarkers: ['"delta":"'],
  endMark: null,
  readEvent,
  readWhole: (answer) => endOf(answer, textAt(answer, "status") === "failed"),
};

function readEvent(event: Json): AnswerChange {
  const type = textAt(event, "type") ?? "";
  switch (type) {
    // An incomplete answer is a whole one that met its own limit.
    case "response.completed":
    case "response.incomplete":
      return endOf(objectAt(event, "response"), false);
    case "response.failed":
      return endOf(objectAt(event, "response"), true);
    case "error":
      return { refusal: { code: errorCodeOf(objectAt(event, "error") ?? withoutType(event)) } };
    default:
      if (!DELTAS.some((delta) => delta === type)) return NO_CHANGE;
      return { textBytes: Buffer.byteLength(textAt(event, "delta") ?? "") };
  }
}

/** The `type` of an error event is the event's own, not the error's. */
function withoutType(event: Json): Json {
  return { code: textAt(event, "code") ?? null };
}

function endOf(response: Json | undefined, isFailure: boolean): AnswerChange {
  const usage = objectAt(response, "usage");
  return {
    isEnd: true,
    ...(usage ? { usage: usageOf(usage) } : {}),
    ...(isFailure ? { refusal: { code: errorCodeOf(objectAt(response, "error")) } } : {}),
  };
}

/** Here the input's count includes what came from the cache and went into it; ours do not overlap. */
function usageOf(usage: Json): Usage {
  const details = objectAt(usage, "input_tokens_details");
  const cacheRead = countAt(details, "cached_tokens") ?? 0;
  const cacheWrite = countAt(details, "cache_write_tokens") ?? 0;
  const input = Math.max(0, (countAt(usage, "input_tokens") ?? 0) - cacheRead - cacheWrite);
  return { input, cacheRead, cacheWrite, output: countAt(usage, "output_tokens") ?? 0 };
}
