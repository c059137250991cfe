import { asObjects, asText, type JsonObject } from "./json-value.ts";
import { callId, turnAfter, type Protocol, type ReplyContext } from "./protocol.ts";
import type { Call, Reply, ScriptedUsage } from "./scenario.ts";
import { DEFAULT_USAGE, sseEvent, type SseEvent } from "./sse-event.ts";

const ERRORS: Readonly<Record<number, readonly [type: string, code: string | null, message: string]>> = {
  400: ["invalid_request_error", "invalid_value", "Invalid value."],
  401: ["invalid_request_error", "invalid_api_key", "Incorrect API key provided."],
  403: ["invalid_request_error", "forbidden", "You are not allowed to do this."],
  404: ["invalid_request_error", "model_not_found", "The model does not exist."],
  429: ["requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."],
  500: ["server_error", null, "The server had an error while processing your request."],
  503: ["server_error", "server_is_overloaded", "The server is overloaded."],
};

/** The OpenAI Responses protocol: POST /v1/responses. */
export const openaiResponses: Protocol = {
  read(body) {
    const input = body["input"];
    const items = typeof input === "string" ? [{ role: "user", content: input }] : asObjects(input);
    const results = items.filter(({ type }) => asText(type).endsWith("_output"));
    return {
      model: asText(body["model"]),
      streams: body["stream"] === true,
      prompt: items.flatMap(({ content }) => textsOf(content)).join("\n"),
      turn: turnAfter(results.map((result) => asText(result["call_id"]))),
      body,
    };
  },

  *events(reply, context) {
    const response = responseHead(context);
    yield sseEvent("response.created", { response });
    const items = outputItems(reply, context);
    for (const [output_index, item] of items.entries()) {
      yield* itemEvents(item, output_index, reply);
    }
    // A text that is sent a million times would make this one event larger than all others together.
    const output = reply.repeat === undefined ? items : [];
    yield terminalEvent(reply, response, output);
  },

  whole(reply, context) {
    const output = outputItems(reply, context);
    return asObjects([terminalEvent(reply, responseHead(context), output).data["response"]])[0];
  },

  error(answer) {
    const [type, code, message] = ERRORS[answer.status] ?? ["server_error", null, `status ${answer.status}`];
    const error = {
      type: answer.type ?? type,
      code: answer.code ?? (answer.type === undefined ? code : null),
      message: answer.message ?? message,
      param: null,
      ...answer.fields,
    };
    return {
      status: answer.status,
      headers: { "x-request-id": "req_scripted", ...answer.headers },
      body: { error },
    };
  },

  failure({ code, message }, context) {
    const response = responseHead(context);
    return [
      sseEvent("response.created", { response }),
      sseEvent("response.failed", { response: { ...response, status: "failed", error: { code, message } } }),
    ];
  },

  contextOverflow: {
    kind: "failed",
    code: "context_length_exceeded",
    message: "Your input exceeds the context window of this model. Please adjust your input and try again.",
  },
};

function textsOf(content: unknown): string[] {
  return typeof content === "string" ? [content] : asObjects(content).map(({ text }) => asText(text));
}

function responseHead({ conversation, nextId }: ReplyContext): JsonObject {
  return {
    id: `resp_${nextId()}`,
    object: "response",
    created_at: 1_790_000_000,
    status: "in_progress",
    model: conversation.model,
    output: [],
  };
}

function terminalEvent(reply: Reply, response: JsonObject, output: readonly JsonObject[]): SseEvent {
  const usage = wireUsage(reply.usage ?? DEFAULT_USAGE);
  if (reply.stop === "max-tokens") {
    const incomplete_details = { reason: "max_output_tokens" };
    return sseEvent("response.incomplete", {
      response: { ...response, status: "incomplete", incomplete_details, output, usage },
    });
  }
  return sseEvent("response.completed", { response: { ...response, status: "completed", output, usage } });
}

function wireUsage(usage: ScriptedUsage): JsonObject {
  const input_tokens = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: usage.cacheRead },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + usage.output,
  };
}

function* itemEvents(item: JsonObject, output_index: number, reply: Reply): Generator<SseEvent> {
  const isMessage = item["type"] === "message";
  const added = isMessage ? { ...item, status: "in_progress", content: [] } : item;
  yield sseEvent("response.output_item.added", { output_index, item: added });
  if (isMessage) {
    const delta = { item_id: item["id"], output_index, content_index: 0, delta: reply.text };
    const type = reply.stop === "refusal" ? "response.refusal.delta" : "response.output_text.delta";
    for (let sent = 0; sent < (reply.repeat ?? 1); sent += 1) yield sseEvent(type, delta);
  }
  yield sseEvent("response.output_item.done", { output_index, item });
}

function outputItems(reply: Reply, context: ReplyContext): JsonObject[] {
  const { nextId } = context;
  const thinking = {
    type: "reasoning",
    id: `rs_${nextId()}`,
    summary: [{ type: "summary_text", text: reply.thinking }],
    encrypted_content: "scripted",
  };
  const content =
    reply.stop === "refusal"
      ? { type: "refusal", refusal: reply.text }
      : { type: "output_text", text: reply.text, annotations: [] };
  const message = {
    type: "message",
    id: `msg_${nextId()}`,
    status: "completed",
    role: "assistant",
    content: [content],
  };
  return [
    ...(reply.thinking === undefined ? [] : [thinking]),
    ...(reply.text === undefined ? [] : [message]),
    ...(reply.calls ?? []).map((call) => toolCall(call, context)),
  ];
}

function toolCall(call: Call, context: ReplyContext): JsonObject {
  switch (call.tool) {
    case "write":
      return patchCall(["*** Add File: " + call.path, ...marked("+", call.content)], context);
    case "edit": {
      const lines = [...marked("-", call.from), ...marked("+", call.to)];
      return patchCall(["*** Update File: " + call.path, "@@", ...lines], context);
    }
    case "read":
      return commandCall(`cat '${call.path}'`, context);
    case "run":
      return commandCall(call.command, context);
    case "unknown":
      return functionCall("no_such_tool", { value: 1 }, context);
  }
}

function marked(mark: string, text: string): string[] {
  const lines = text.endsWith("\n") ? text.slice(0, -1) : text;
  return lines.split("\n").map((line) => mark + line);
}

/** A request offers patches as a tool of free text; where it does not, the client's shell understands the command. */
function patchCall(lines: readonly string[], context: ReplyContext): JsonObject {
  const patch = ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
  const tools = asObjects(context.conversation.body["tools"]);
  const tool = tools.find(({ name }) => name === "apply_patch");
  if (tool?.["type"] !== "custom") return commandCall(`apply_patch <<'EOF'\n${patch}\nEOF`, context);
  return { type: "custom_tool_call", ...callHead(context), name: "apply_patch", input: patch };
}

function commandCall(command: string, context: ReplyContext): JsonObject {
  return functionCall("exec_command", { cmd: command }, context);
}

function functionCall(name: string, input: JsonObject, context: ReplyContext): JsonObject {
  return { type: "function_call", ...callHead(context), name, arguments: JSON.stringify(input) };
}

function callHead({ conversation, nextId }: ReplyContext): JsonObject {
  const id = nextId();
  return { id: `fc_${id}`, call_id: callId("call", conversation.turn, id), status: "completed" };
}
