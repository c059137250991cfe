import { z } from "zod";
import type { AgentReader } from "../contracts/agent.ts";
import type { OutputLine } from "../contracts/sandbox.ts";
import type { AgentReport } from "../core/agent-report.ts";
import { boundedMessage, EventLines, type ClientEvent } from "./event-lines.ts";

const itemEvent = z.object({ item: z.looseObject({ type: z.string(), text: z.string().optional() }) });
const failedEvent = z.object({ error: z.object({ message: z.string() }) });
const errorEvent = z.object({ message: z.string() });

/**
 * Reads `codex exec --json`.
 *
 * Only `turn.failed` is a failure: an `error` event says that it tries again, an item of the type "error" is a remark,
 * such as that the model is not known. And `turn.completed` alone is no success: an answer of which nothing could be
 * read ends with it, too, without a message. The client names no kind of failure.
 */
export class CodexReader implements AgentReader {
  private readonly lines = new EventLines((event) => this.onEvent(event));
  private messages = 0;
  private lastText = "";
  private lastError = "";
  private end: "completed" | "failed" | undefined;

  line(line: OutputLine): void {
    this.lines.push(line);
  }

  report(): AgentReport {
    const counts = { messages: this.messages, malformedLines: this.lines.malformed };
    switch (this.end) {
      case "completed":
        return this.messages > 0
          ? { verdict: "succeeded", code: null, message: this.lastText, ...counts }
          : { verdict: "failed", code: null, message: this.lastError, ...counts };
      case "failed":
        return { verdict: "failed", code: "turn.failed", message: this.lastError, ...counts };
      case undefined: {
        const message = this.lastError || this.lines.lastWords || this.lastText;
        return { verdict: "unfinished", code: null, message, ...counts };
      }
    }
  }

  private onEvent(event: ClientEvent): boolean {
    switch (event.type) {
      case "item.completed":
        return this.onItem(event);
      case "turn.completed":
        this.end = "completed";
        return true;
      case "turn.failed": {
        const { data } = failedEvent.safeParse(event);
        this.end = "failed"; // whatever it looks like
        this.lastError = boundedMessage(data?.error.message ?? "");
        return data !== undefined;
      }
      case "error": {
        const { data } = errorEvent.safeParse(event);
        this.lastError = boundedMessage(data?.message ?? "");
        return data !== undefined;
      }
      default: // begins, commands, changes of files: nothing that decides
        return true;
    }
  }

  private onItem(event: ClientEvent): boolean {
    const item = itemEvent.safeParse(event).data?.item;
    const said = item?.type === "agent_message" ? boundedMessage(item.text ?? "") : "";
    if (said !== "") {
      this.messages += 1;
      this.lastText = said;
    }
    return item !== undefined;
  }
}
