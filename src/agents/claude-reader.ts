import { z } from "zod";
import type { AgentReader } from "../contracts/agent.ts";
import type { OutputLine } from "../contracts/sandbox.ts";
import type { AgentReport } from "../core/agent-report.ts";
import { boundedCode, boundedMessage, EventLines, type ClientEvent } from "./event-lines.ts";

/** What the client itself puts into the conversation, such as the words for an error, has this model's name. */
const SYNTHETIC_MODEL = "<synthetic>";

const text = z.string().nullish();

const assistantEvent = z.object({
  message: z.object({
    model: text,
    content: z.array(z.looseObject({ type: z.string(), text })),
  }),
  /** Set where a subagent speaks: its answers and failures are the main conversation's business, not ours. */
  parent_tool_use_id: text,
  error: text,
});

const resultEvent = z.object({
  subtype: z.string(),
  is_error: z.boolean(),
  result: text,
  errors: z.array(z.string()).nullish(),
  stop_reason: text,
  terminal_reason: text,
  api_error: text,
  api_error_type: text,
});
type ResultEvent = z.infer<typeof resultEvent>;

/**
 * Reads `claude -p --output-format stream-json --verbose`.
 *
 * Its `subtype` alone means nothing: a run whose every request was refused ends with the subtype "success" and
 * `is_error`. Nor does its exit code: a client that was interrupted ends with 0. There may be several results, when
 * something that ran in the background wakes the client up again: the last one counts.
 */
export class ClaudeReader implements AgentReader {
  private readonly lines = new EventLines((event) => this.onEvent(event));
  private hasBegun = false;
  private messages = 0;
  private lastText = "";
  /** The client's classification of the failure that it told last. */
  private error: string | null = null;
  private result: ResultEvent | undefined;

  line(line: OutputLine): void {
    this.lines.push(line);
  }

  report(): AgentReport {
    const { messages, result } = this;
    const counts = { messages, malformedLines: this.lines.malformed };
    if (!this.hasBegun || !result) {
      return {
        verdict: "unfinished",
        code: boundedCode(this.error),
        message: this.lines.lastWords || this.lastText,
        ...counts,
      };
    }
    const said = result.result ?? result.errors?.join("; ") ?? this.lastText;
    const isSuccess =
      !result.is_error &&
      result.subtype === "success" &&
      (result.terminal_reason ?? "completed") === "completed" &&
      messages > 0;
    return {
      verdict: isSuccess ? "succeeded" : "failed",
      code: isSuccess ? null : boundedCode(this.codeOf(result)),
      message: boundedMessage(said),
      ...counts,
    };
  }

  private onEvent(event: ClientEvent): boolean {
    switch (event.type) {
      case "system":
        if (event["subtype"] === "init") this.hasBegun = true;
        return true;
      case "assistant":
        return this.onAssistant(event);
      case "result":
        // One that cannot be read takes the place of one before it, too: better unfinished than wrongly a success.
        this.result = resultEvent.safeParse(event).data;
        return this.result !== undefined;
      default: // tool results, retries, progress: nothing that decides
        return true;
    }
  }

  private onAssistant(event: ClientEvent): boolean {
    const { data } = assistantEvent.safeParse(event);
    if (!data) return false;
    if (data.parent_tool_use_id) return true;
    const said = data.message.content
      .map((block) => (block.type === "text" ? (block.text ?? "") : ""))
      .join("")
      .trim();
    if (said !== "") this.lastText = boundedMessage(said);
    if (data.message.model === SYNTHETIC_MODEL) {
      this.error = data.error ?? this.error;
      return true;
    }
    if (said !== "") this.messages += 1;
    // It went on: what failed before was made good.
    this.error = data.error ?? null;
    return true;
  }

  /** The most telling of the names that a failed result has; "completed", "success" and "unknown" tell nothing. */
  private codeOf(result: ResultEvent): string | null | undefined {
    if (result.stop_reason === "refusal") return "refusal";
    if (result.subtype !== "success") return result.subtype;
    const ended = result.terminal_reason === "completed" ? null : result.terminal_reason;
    if (ended === "prompt_too_long") return ended;
    const error = this.error === "unknown" ? null : this.error;
    return result.api_error ?? error ?? result.api_error_type ?? ended;
  }
}
