import type { Usage } from "../core/usage.ts";
import type { AnswerChange, AnswerFormat } from "./answer-format.ts";
import { isJsonObject, type Json } from "./filter-json.ts";
import { countAt, objectAt, textAt } from "./json-fields.ts";

export const GEMINI_ANSWER: AnswerFormat = {
  // Each chunk may carry the usage: each is parsed.
  deltaPrefixes: [],
  textMarkers: [],
  endMark: null,
  readEvent: read,
  readWhole: (answer) => ({ ...read(answer), isEnd: true }),
};

function read(chunk: Json): AnswerChange {
  const error = objectAt(chunk, "error");
  if (error) return { refusal: { code: textAt(error, "status") ?? null } };
  const candidates =
    isJsonObject(chunk) && Array.isArray(chunk["candidates"]) ? (chunk["candidates"] as Json[]) : [];
  const usage = objectAt(chunk, "usageMetadata");
  // A prompt that was blocked gets no candidate at all.
  const isBlocked = textAt(objectAt(chunk, "promptFeedback"), "blockReason") !== undefined;
  return {
    textBytes: candidates.reduce<number>((sum, candidate) => sum + bytesOf(candidate), 0),
    isEnd: isBlocked || candidates.some((candidate) => textAt(candidate, "finishReason") !== undefined),
    ...(usage ? { usage: usageOf(usage) } : {}),
  };
}

function bytesOf(candidate: Json): number {
  const content = objectAt(candidate, "content");
  const parts = Array.isArray(content?.["parts"]) ? (content["parts"] as Json[]) : [];
  return parts.reduce<number>((sum, part) => {
    const call = objectAt(part, "functionCall");
    return sum + Buffer.byteLength(textAt(part, "text") ?? (call ? JSON.stringify(call) : ""));
  }, 0);
}

function usageOf(usage: Json): Usage {
  const cacheRead = countAt(usage, "cachedContentTokenCount") ?? 0;
  const prompt = (countAt(usage, "promptTokenCount") ?? 0) + (countAt(usage, "toolUsePromptTokenCount") ?? 0);
  const output = (countAt(usage, "candidatesTokenCount") ?? 0) + (countAt(usage, "thoughtsTokenCount") ?? 0);
  return { input: Math.max(0, prompt - cacheRead), cacheRead, cacheWrite: 0, output };
}
