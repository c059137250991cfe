import { asObject, asObjects, asText, type JsonObject } from "./json-value.ts";
import { callId, turnAfter, type Conversation, type Protocol, type ReplyContext } from "./protocol.ts";
import type { Call, Reply, ScriptedUsage } from "./scenario.ts";
import { DEFAULT_USAGE, sseEvent, type SseEvent } from "./sse-event.ts";

const ERROR_TYPES: Readonly<Record<number, readonly [type: string, message: string]>> = {
  400: ["invalid_request_error", "messages: at least one message is required"],
  401: ["authentication_error", "invalid x-api-key"],
  403: ["permission_error", "Your API key does not have permission to use the specified resource."],
  404: ["not_found_error", "Not found"],
  413: ["request_too_large", "Request exceeds the maximum size"],
  429: ["rate_limit_error", "This request would exceed your account's rate limit. Please try again later."],
  500: ["api_error", "Internal server error"],
  529: ["overloaded_error", "Overloaded"],
};

/** The Anthropic Messages protocol: POST /v1/messages. */
export const anthropicMessages: Protocol = {
  read(body) {
    const blocks = asObjects(body["messages"]).flatMap(({ content }) =>
      typeof content === "string" ? [{ type: "text", text: content }] : asObjects(content),
    );
    const results = blocks.filter(({ type }) => type === "tool_result");
    return {
      model: asText(body["model"]),
      streams: body["stream"] === true,
      prompt: blocks.map(({ text }) => asText(text)).join("\n"),
      turn: turnAfter(results.map((result) => asText(result["tool_use_id"]))),
      body,
    };
  },

  *events(reply, context) {
    const usage = reply.usage ?? DEFAULT_USAGE;
    yield messageStart(context, usage);
    let index = 0;
    for (const block of contentOf(reply, context)) {
      yield* blockEvents(block, index, reply.repeat ?? 1);
      index += 1;
    }
    yield sseEvent("message_delta", {
      delta: { stop_reason: stopReason(reply), stop_sequence: null },
      usage: { output_tokens: usage.output },
    });
    yield sseEvent("message_stop");
  },

  whole(reply, context) {
    const content = contentOf(reply, context);
    const repeat = reply.repeat ?? 1;
    return {
      ...messageHead(context),
      content: content.map((block) =>
        block["type"] === "text" ? { ...block, text: asText(block["text"]).repeat(repeat) } : block,
      ),
      stop_reason: stopReason(reply),
      stop_sequence: null,
      usage: wireUsage(reply.usage ?? DEFAULT_USAGE),
    };
  },

  error(answer) {
    const [type, message] = ERROR_TYPES[answer.status] ?? ["api_error", `status ${answer.status}`];
    const error = { type: answer.type ?? type, message: answer.message ?? message, ...answer.fields };
    return {
      status: answer.status,
      headers: { "request-id": "req_scripted", ...answer.headers },
      body: { type: "error", error, request_id: "req_scripted" },
    };
  },

  failure({ code, message }, context) {
    return [
      messageStart(context, DEFAULT_USAGE),
      sseEvent("error", { error: { type: code, message }, request_id: "req_scripted" }),
    ];
  },

  contextOverflow: {
    kind: "error",
    status: 400,
    message: "prompt is too long: 210000 tokens > 200000 maximum",
  },
};

function messageHead({ conversation, nextId }: ReplyContext): JsonObject {
  return { id: `msg_${nextId()}`, type: "message", role: "assistant", model: conversation.model };
}

function messageStart(context: ReplyContext, usage: ScriptedUsage): SseEvent {
  const message = {
    ...messageHead(context),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    // The provider counts what it read at once, and what it writes at the end.
    usage: { ...wireUsage(usage), output_tokens: 1 },
  };
  return sseEvent("message_start", { message });
}

function wireUsage(usage: ScriptedUsage): JsonObject {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: usage.output,
  };
}

function stopReason(reply: Reply): string {
  if (reply.stop === "max-tokens") return "max_tokens";
  if (reply.stop === "refusal") return "refusal";
  return reply.calls === undefined ? "end_turn" : "tool_use";
}

function contentOf(reply: Reply, context: ReplyContext): JsonObject[] {
  return [
    ...(reply.thinking === undefined
      ? []
      : [{ type: "thinking", thinking: reply.thinking, signature: "scripted" }]),
    ...(reply.text === undefined ? [] : [{ type: "text", text: reply.text }]),
    ...(reply.calls ?? []).flatMap((call) => toolUses(call, context)),
  ];
}

function* blockEvents(block: JsonObject, index: number, repeat: number): Generator<SseEvent> {
  const delta = (fields: JsonObject): SseEvent => sseEvent("content_block_delta", { index, delta: fields });
  const start = (content_block: JsonObject): SseEvent =>
    sseEvent("content_block_start", { index, content_block });
  if (block["type"] === "text") {
    yield start({ type: "text", text: "" });
    for (let sent = 0; sent < repeat; sent += 1) yield delta({ type: "text_delta", text: block["text"] });
  } else if (block["type"] === "thinking") {
    yield start({ type: "thinking", thinking: "", signature: "" });
    yield delta({ type: "thinking_delta", thinking: block["thinking"] });
    yield delta({ type: "signature_delta", signature: block["signature"] });
  } else {
    yield start({ ...block, input: {} });
    yield delta({ type: "input_json_delta", partial_json: JSON.stringify(block["input"]) });
  }
  yield sseEvent("content_block_stop", { index });
}

/** The client edits only what it has read: an edit is two calls. */
function toolUses(call: Call, context: ReplyContext): JsonObject[] {
  const { conversation, nextId } = context;
  const use = (name: string, input: JsonObject): JsonObject => ({
    type: "tool_use",
    id: callId("toolu", conversation.turn, nextId()),
    name,
    input,
  });
  switch (call.tool) {
    case "write":
      return [use("Write", { file_path: absolute(call.path, conversation), content: call.content })];
    case "read":
      return [use("Read", { file_path: absolute(call.path, conversation) })];
    case "edit": {
      const file_path = absolute(call.path, conversation);
      return [
        use("Read", { file_path }),
        use("Edit", { file_path, old_string: call.from, new_string: call.to }),
      ];
    }
    case "run":
      return [use("Bash", { command: call.command, description: "Run a command" })];
    case "unknown":
      return [use("NoSuchTool", { value: 1 })];
  }
}

/** The client's tools want absolute paths, and the client says in its first words where it works. */
function absolute(path: string, { body, prompt }: Conversation): string {
  const system = asObjects(body["system"]).map(({ text }) => asText(text));
  const said = [...system, asText(asObject(body)["system"]), prompt].join("\n");
  const folder = /working directory: (.+)/i.exec(said)?.[1]?.trim();
  return path.startsWith("/") || folder === undefined ? path : `${folder}/${path}`;
}
