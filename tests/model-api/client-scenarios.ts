import type { ClientName } from "../../src/core/client.ts";
import type { Answer, Call, Reply, Scenario, Turn } from "./scenario.ts";

/** In a repository with this file, `EDIT_AND_COMMIT` works with every client. */
export const EDITED_FILE = { path: "README.md", before: "original", after: "edited" } as const;
export const WRITTEN_FILE = { path: "hello.txt", content: "hello from the model\n" } as const;

const COMMIT =
  "git add -A && git -c user.name=agent -c user.email=agent@example.com commit -qm 'Add a greeting' && git log --oneline | head -1";

function say(text: string): Reply {
  return { kind: "reply", text };
}

function call(...calls: Call[]): Reply {
  return { kind: "reply", calls };
}

function always(answer: Answer): Scenario {
  return { turns: [answer] };
}

const WRITE: Reply = {
  kind: "reply",
  text: "I will add a greeting.",
  calls: [{ tool: "write", path: WRITTEN_FILE.path, content: WRITTEN_FILE.content }],
};
const EDIT = call({ tool: "edit", path: EDITED_FILE.path, from: EDITED_FILE.before, to: EDITED_FILE.after });

/** A file written, a file edited, a commit, a last word. */
export const EDIT_AND_COMMIT: readonly Turn[] = [
  WRITE,
  EDIT,
  call({ tool: "run", command: COMMIT }),
  say("Done: there is a greeting."),
];

const LONG_AFTER: Readonly<Record<string, string>> = { "retry-after": "3600" };

/** What happens to both clients. */
const FOR_EVERY_CLIENT = {
  hello: always(say("Hello!")),
  thinking: always({ ...say("I have thought about it."), thinking: "Let me think." }),
  success: { turns: [...EDIT_AND_COMMIT] },
  "tool-failure": { turns: [call({ tool: "run", command: "echo oops >&2; exit 3" }), say("It failed.")] },
  "unknown-tool": { turns: [call({ tool: "unknown" }), say("There is no such tool.")] },
  "status-400": always({ kind: "error", status: 400 }),
  "status-401": always({ kind: "error", status: 401 }),
  "status-403": always({ kind: "error", status: 403 }),
  "status-404": always({ kind: "error", status: 404 }),
  "status-413": always({ kind: "error", status: 413 }),
  "status-500": always({ kind: "error", status: 500 }),
  "rate-limit-once": {
    turns: [
      [{ kind: "error", status: 429, headers: { "retry-after": "1" } }, WRITE],
      EDIT,
      say("Done after all."),
    ],
  },
  "rate-limit-short": always({ kind: "error", status: 429, headers: { "retry-after": "1" } }),
  "rate-limit-long": always({ kind: "error", status: 429, headers: LONG_AFTER }),
  "cut-stream": always({ ...say("This is only a part."), fault: { after: 3, what: "reset" } }),
  "cut-stream-after-edit": {
    turns: [WRITE, { ...say("This is only a part."), fault: { after: 3, what: "reset" } }],
  },
  /** The whole answer has come, and the connection breaks before its end is said. */
  "cut-before-terminal-event": always({ ...say("All but the end."), fault: { after: -1, what: "reset" } }),
  "ends-in-message": always({ ...say("This is only a part."), fault: { after: 3, what: "end" } }),
  "no-terminal-event": always({ ...say("All but the end."), fault: { after: -1, what: "end" } }),
  "malformed-event": always({ ...say("This comes torn."), fault: { after: 3, what: "malformed" } }),
  "hang-before-first-byte": always({ kind: "silence" }),
  "hang-after-head": always({ ...say("Never said."), fault: { after: 0, what: "silence" } }),
  "hang-in-message": always({ ...say("This is only a part."), fault: { after: 3, what: "silence" } }),
  reset: always({ kind: "reset" }),
  html: always({
    kind: "raw",
    status: 200,
    headers: { "content-type": "text/html" },
    body: "<html><body>Sign in to this network</body></html>",
  }),
  refusal: always({ kind: "reply", text: "I can not help with that.", stop: "refusal" }),
  "max-tokens": always({ kind: "reply", text: "This text ends in the mid", stop: "max-tokens" }),
  "no-message": always({ kind: "reply" }),
  "context-overflow": always({ kind: "context-overflow" }),
  /** It is said once; what comes next may be asked for as a summary of what was said. */
  "context-overflow-once": { turns: [WRITE, [{ kind: "context-overflow" }, say("I wrote a greeting.")]] },
  "context-overflow-later": { turns: [WRITE, { kind: "context-overflow" }] },
  "slow-answer": always({ ...say("Slowly."), paceMs: 200 }),
} as const satisfies Readonly<Record<string, Scenario>>;

/** What only one provider says. */
const FOR_ONE_CLIENT = {
  claude: {
    "credit-balance": always({
      kind: "error",
      status: 400,
      message:
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
    }),
    overloaded: always({ kind: "error", status: 529 }),
    "overloaded-in-stream": always({ kind: "failed", code: "overloaded_error", message: "Overloaded" }),
    "usage-limit": always({
      kind: "error",
      status: 429,
      headers: {
        ...LONG_AFTER,
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": "1893456000",
      },
    }),
  },
  codex: {
    overloaded: always({ kind: "error", status: 503 }),
    "overloaded-in-stream": always({
      kind: "failed",
      code: "server_is_overloaded",
      message: "The server is overloaded.",
    }),
    "rate-limit-in-stream": always({
      kind: "failed",
      code: "rate_limit_exceeded",
      message: "Rate limit reached. Please try again in 1s.",
    }),
    "insufficient-quota": always({
      kind: "error",
      status: 429,
      type: "insufficient_quota",
      code: "insufficient_quota",
      message: "You exceeded your current quota, please check your plan and billing details.",
    }),
    "usage-limit": always({
      kind: "error",
      status: 429,
      type: "usage_limit_reached",
      message: "The usage limit has been reached",
      fields: { plan_type: "pro", resets_at: 1_893_456_000, resets_in_seconds: 3600 },
    }),
  },
} as const satisfies Readonly<Record<ClientName, Readonly<Record<string, Scenario>>>>;

/** What a client must be able to live through, by name. */
export function clientScenarios(client: ClientName): Readonly<Record<string, Scenario>> {
  return { ...FOR_EVERY_CLIENT, ...FOR_ONE_CLIENT[client] };
}

/** What is recorded beside the scenarios: a scenario, and what is different about the run. */
export const CLIENT_VARIANTS: Readonly<Record<string, ClientVariant>> = {
  "unknown-model": { scenario: "success", model: "a-model-that-nobody-knows" },
  interrupted: { scenario: "hang-in-message", signal: "SIGINT" },
  terminated: { scenario: "hang-in-message", signal: "SIGTERM" },
};

interface ClientVariant {
  readonly scenario: string;
  readonly model?: string;
  /** Sent as soon as the first request has arrived. */
  readonly signal?: NodeJS.Signals;
}
