import type { Usage } from "../core/usage.ts";
import { NO_CHANGE, type AnswerChange, type AnswerFormat } from "./answer-format.ts";
import type { Json } from "./filter-json.ts";
import { countAt, definedCounts, errorCodeOf, objectAt, textAt } from "./json-fields.ts";

export const ANTHROPIC_ANSWER: AnswerFormat = {
  deltaPrefixes: ['{"type":"content_block_delta"'],
  // Signatures and citations are not among them: they are no tokens of the model's.
  textMarkers: ['"text":"', '"partial_json":"', '"thinking":"'],
  endMark: null,
  readEvent,
  readWhole: (answer) => ({ ...usageChange(answer), isEnd: true }),
};

function readEvent(event: Json): AnswerChange {
  switch (textAt(event, "type") ?? "") {
    case "message_start":
      return usageChange(objectAt(event, "message"));
    case "message_delta":
      // Its counts are those of the whole message so far; newer APIs repeat those of the input here.
      return usageChange(event);
    case "content_block_delta": {
      const delta = objectAt(event, "delta");
      const text = textAt(delta, "text") ?? textAt(delta, "partial_json") ?? textAt(delta, "thinking") ?? "";
      return { textBytes: Buffer.byteLength(text) };
    }
    case "message_stop":
      return { isEnd: true };
    case "error":
      return { refusal: { code: errorCodeOf(objectAt(event, "error")) } };
    default:
      return NO_CHANGE;
  }
}

function usageChange(holder: Json | undefined): AnswerChange {
  const usage = objectAt(holder, "usage");
  return usage ? { usage: usageOf(usage) } : NO_CHANGE;
}

function usageOf(usage: Json): Partial<Usage> {
  return definedCounts({
    input: countAt(usage, "input_tokens"),
    cacheRead: countAt(usage, "cache_read_input_tokens"),
    cacheWrite: countAt(usage, "cache_creation_input_tokens"),
    output: countAt(usage, "output_tokens"),
  });
}
