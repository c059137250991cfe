import type { Usage } from "../core/usage.ts";
import type { AnswerChange, AnswerFormat } from "./answer-format.ts";
import { isJsonObject, type Json } from "./filter-json.ts";
import { countAt, errorCodeOf, objectAt, textAt } from "./json-fields.ts";

export const OPENAI_CHAT_ANSWER: AnswerFormat = {
  // Its chunks begin with an id: each is parsed.
  deltaPrefixes: [],
  textMarkers: [],
  endMark: "[DONE]",
  readEvent: (event) => readChunk(event, "delta"),
  readWhole: (answer) => ({ ...readChunk(answer, "message"), isEnd: true }),
};

function readChunk(chunk: Json, part: "delta" | "message"): AnswerChange {
  const error = objectAt(chunk, "error");
  if (error) return { refusal: { code: errorCodeOf(error) } };
  const usage = objectAt(chunk, "usage");
  const choices = isJsonObject(chunk) && Array.isArray(chunk["choices"]) ? (chunk["choices"] as Json[]) : [];
  const textBytes = choices
    .map((choice) => bytesOf(objectAt(choice, part)))
    .reduce((sum, bytes) => sum + bytes, 0);
  return usage ? { textBytes, usage: usageOf(usage) } : { textBytes };
}

/** The text and the arguments of tools in a part of an answer. */
function bytesOf(part: Json | undefined): number {
  const calls = isJsonObject(part) && Array.isArray(part["tool_calls"]) ? (part["tool_calls"] as Json[]) : [];
  const texts = [
    textAt(part, "content"),
    ...calls.map((call) => textAt(objectAt(call, "function"), "arguments")),
  ];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), 0);
}

/** Here, too, the input's count includes what came from the cache. */
function usageOf(usage: Json): Usage {
  const cacheRead = countAt(objectAt(usage, "prompt_tokens_details"), "cached_tokens") ?? 0;
  const input = Math.max(0, (countAt(usage, "prompt_tokens") ?? 0) - cacheRead);
  return { input, cacheRead, cacheWrite: 0, output: countAt(usage, "completion_tokens") ?? 0 };
}
