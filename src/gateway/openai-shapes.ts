import {
  ANY_JSON,
  ANY_TEXT,
  constant,
  either,
  FLAG,
  kind,
  later,
  list,
  NULL,
  number,
  object,
  text,
  type Shape,
} from "./shape.ts";

/**
 * What a request to OpenAI's APIs may hold. Left out on purpose, because the API would then act by itself, fetch something
 * or remember something: web search, file search, code interpreter, MCP, image generation, computer use, hosted shells,
 * images and files by URL or id, `previous_response_id`, `conversation`, `background`, stored prompts, `service_tier`.
 */

/** An image inside of the request; any other URL would be fetched. */
const DATA_URL = text(Number.POSITIVE_INFINITY, /^data:image\/[a-z0-9.+-]{1,40};base64,[A-Za-z0-9+/=_-]*$/);

const NAME = text(200);
const STATUS = either(NULL, text(40));
const ID = either(NULL, text(200));

const INPUT_TEXT = object({ type: constant("input_text"), text: ANY_TEXT });
const INPUT_IMAGE = object({
  type: constant("input_image"),
  image_url: DATA_URL,
  detail: either(NULL, text(40)),
  file_id: NULL,
});

const CONTENT = kind({
  input_text: INPUT_TEXT,
  input_image: INPUT_IMAGE,
  output_text: object({
    type: constant("output_text"),
    text: ANY_TEXT,
    annotations: list(ANY_JSON),
    logprobs: list(ANY_JSON),
  }),
  refusal: object({ type: constant("refusal"), refusal: ANY_TEXT }),
});

const FUNCTION_TOOL = object({
  type: constant("function"),
  name: NAME,
  description: either(NULL, ANY_TEXT),
  strict: either(NULL, FLAG),
  parameters: ANY_JSON,
  defer_loading: FLAG,
  output_schema: ANY_JSON,
});

/** Every tool that runs in the client, and no other. */
const TOOL: Shape = kind(
  {
    function: FUNCTION_TOOL,
    custom: object({
      type: constant("custom"),
      name: NAME,
      description: ANY_TEXT,
      format: ANY_JSON,
      defer_loading: FLAG,
    }),
    local_shell: object({ type: constant("local_shell") }),
    apply_patch: object({ type: constant("apply_patch") }),
    namespace: object({
      type: constant("namespace"),
      name: NAME,
      description: ANY_TEXT,
      tools: list(
        later(() => TOOL),
        1000,
      ),
    }),
    // With another execution the search is the API's.
    tool_search: object(
      {
        type: constant("tool_search"),
        execution: constant("client"),
        description: ANY_TEXT,
        parameters: ANY_JSON,
      },
      { required: ["execution"] },
    ),
  },
  { rule: "body.tool" },
);

const TOOLS = list(TOOL, 1000);

const OUTPUT = either(ANY_TEXT, list(kind({ input_text: INPUT_TEXT, input_image: INPUT_IMAGE })));

const CALL = { type: ANY_TEXT, id: ID, status: STATUS, call_id: ID, namespace: ID };

const MESSAGE = object({
  type: constant("message"),
  id: ID,
  status: STATUS,
  phase: STATUS,
  role: constant("user", "assistant", "system", "developer"),
  content: either(ANY_TEXT, list(CONTENT)),
});

const ITEM = kind(
  {
    message: MESSAGE,
    reasoning: object({
      type: constant("reasoning"),
      id: ID,
      status: STATUS,
      summary: list(object({ type: constant("summary_text"), text: ANY_TEXT })),
      content: either(NULL, list(object({ type: constant("reasoning_text", "text"), text: ANY_TEXT }))),
      encrypted_content: either(NULL, ANY_TEXT),
    }),
    function_call: object({ ...CALL, name: NAME, arguments: ANY_TEXT }),
    function_call_output: object({ ...CALL, output: OUTPUT }),
    custom_tool_call: object({ ...CALL, name: NAME, input: ANY_TEXT }),
    custom_tool_call_output: object({ ...CALL, name: ID, output: OUTPUT }),
    local_shell_call: object({ ...CALL, action: ANY_JSON }),
    local_shell_call_output: object({ ...CALL, output: ANY_TEXT }),
    apply_patch_call: object({ ...CALL, operation: ANY_JSON }),
    apply_patch_call_output: object({ ...CALL, output: either(NULL, ANY_TEXT) }),
    tool_search_call: object({ ...CALL, execution: constant("client"), arguments: ANY_JSON }),
    tool_search_output: object({ ...CALL, execution: constant("client"), tools: TOOLS }),
    additional_tools: object({ type: constant("additional_tools"), id: ID, role: text(40), tools: TOOLS }),
    compaction: object({ type: constant("compaction"), id: ID, encrypted_content: ANY_TEXT }),
  },
  { unnamed: MESSAGE },
);

const CHOICE = either(
  constant("auto", "none", "required"),
  kind(
    {
      function: object({ type: constant("function"), name: NAME }),
      custom: object({ type: constant("custom"), name: NAME }),
    },
    { rule: "body.tool" },
  ),
);

export const RESPONSES_BODY = object(
  {
    model: text(200),
    instructions: either(NULL, ANY_TEXT),
    input: either(ANY_TEXT, list(ITEM)),
    tools: TOOLS,
    tool_choice: CHOICE,
    parallel_tool_calls: FLAG,
    reasoning: either(NULL, object({ effort: STATUS, summary: STATUS, context: STATUS })),
    include: list(constant("reasoning.encrypted_content"), 10),
    text: either(NULL, object({ verbosity: STATUS, format: ANY_JSON })),
    max_output_tokens: either(NULL, number(1, 10_000_000)),
    store: FLAG,
    stream: FLAG,
    stream_options: either(NULL, object({ include_obfuscation: FLAG })),
    prompt_cache_key: either(NULL, text(200)),
    temperature: either(NULL, number(0, 2)),
    top_p: either(NULL, number(0, 1)),
    truncation: either(NULL, constant("auto", "disabled")),
  },
  // Of the client's own affairs: where it runs, what it was started by.
  { required: ["model"], dropped: ["client_metadata", "metadata"] },
);

const TEXT_PART = object({ type: constant("text"), text: ANY_TEXT });

const PARTS = either(
  NULL,
  ANY_TEXT,
  list(
    kind({
      text: TEXT_PART,
      refusal: object({ type: constant("refusal"), refusal: ANY_TEXT }),
      image_url: object({
        type: constant("image_url"),
        image_url: object({ url: DATA_URL, detail: text(40) }, { required: ["url"] }),
      }),
    }),
  ),
);

const CHAT_CALL = kind({
  function: object({
    id: ID,
    index: number(0, 1000),
    type: constant("function"),
    function: object({ name: NAME, arguments: ANY_TEXT }),
  }),
  custom: object({ id: ID, type: constant("custom"), custom: object({ name: NAME, input: ANY_TEXT }) }),
});

const CHAT_FUNCTION = object({
  name: NAME,
  description: ANY_TEXT,
  parameters: ANY_JSON,
  strict: either(NULL, FLAG),
});

export const CHAT_BODY = object(
  {
    model: text(200),
    messages: list(
      object({
        role: constant("user", "assistant", "system", "developer", "tool"),
        content: PARTS,
        name: NAME,
        refusal: either(NULL, ANY_TEXT),
        reasoning_content: either(NULL, ANY_TEXT),
        tool_calls: list(CHAT_CALL),
        tool_call_id: ID,
      }),
    ),
    tools: list(
      kind(
        {
          function: object({ type: constant("function"), function: CHAT_FUNCTION }),
          custom: object({
            type: constant("custom"),
            custom: object({ name: NAME, description: ANY_TEXT, format: ANY_JSON }),
          }),
        },
        { rule: "body.tool" },
      ),
      1000,
    ),
    tool_choice: either(
      constant("auto", "none", "required"),
      kind(
        { function: object({ type: constant("function"), function: object({ name: NAME }) }) },
        { rule: "body.tool" },
      ),
    ),
    parallel_tool_calls: FLAG,
    max_tokens: either(NULL, number(1, 10_000_000)),
    max_completion_tokens: either(NULL, number(1, 10_000_000)),
    // Each further choice is a further answer to pay.
    n: constant(1, null),
    stream: FLAG,
    stream_options: either(NULL, object({ include_usage: FLAG, include_obfuscation: FLAG })),
    reasoning_effort: STATUS,
    verbosity: STATUS,
    response_format: ANY_JSON,
    stop: either(NULL, text(1000), list(text(1000), 16)),
    seed: either(NULL, number(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
    temperature: either(NULL, number(0, 2)),
    top_p: either(NULL, number(0, 1)),
    presence_penalty: either(NULL, number(-2, 2)),
    frequency_penalty: either(NULL, number(-2, 2)),
    store: constant(false, null),
  },
  { required: ["model"], dropped: ["metadata", "user"] },
);
