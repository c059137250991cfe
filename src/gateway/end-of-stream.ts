import type { AnswerReader } from "./answer-reader.ts";
import type { ExchangeEnd } from "./exchange-end.ts";

/** What a stream was, of which no more comes. */
export function endOfStream(reader: AnswerReader): ExchangeEnd {
  if (reader.refusal) return { result: "refused", errorCode: reader.refusal.code };
  if (reader.isMalformed) return { result: "malformed" };
  return { result: reader.isEnded ? "complete" : "cut" };
}
