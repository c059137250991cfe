import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventTypes, eventsOf, type Asked } from "./ask.ts";
import type { RecordedRequest } from "./recorded.ts";
import type { Answer, Scenario } from "./scenario.ts";
import { startScriptedApiHere } from "./scripted-api-here.ts";

let api: Awaited<ReturnType<typeof startScriptedApiHere>>;
let ca: Buffer;
let lastRun = 0;

beforeAll(async () => {
  api = await startScriptedApiHere();
  ca = readFileSync(api.caFile);
});
afterAll(async () => await api.stop());

const PROTOCOLS = [
  {
    name: "Anthropic Messages",
    path: "/v1/messages?beta=true",
    body: (prompt: string) => ({ model: "m", stream: true, messages: [{ role: "user", content: prompt }] }),
  },
  {
    name: "OpenAI Responses",
    path: "/v1/responses",
    body: (prompt: string) => ({ model: "m", stream: true, input: [{ role: "user", content: prompt }] }),
  },
] as const;
const [ANTHROPIC] = PROTOCOLS;
type ApiProtocol = (typeof PROTOCOLS)[number];

/** A run of its own, with a scenario. */
async function newRun(scenario: Scenario): Promise<string> {
  lastRun += 1;
  const run = `run-${lastRun}`;
  await api.program(run, scenario);
  return run;
}

async function askRun(
  run: string,
  { protocol = ANTHROPIC, prompt = "Hello.", more = {}, ...rest }: AskOptions = {},
): Promise<Asked> {
  const url = api.url(run) + protocol.path;
  const body = { ...protocol.body(prompt), ...more };
  return await ask({ url, ca, body, ...rest });
}

interface AskOptions {
  readonly protocol?: ApiProtocol;
  readonly prompt?: string;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (body: string) => void;
}

async function onlyAnswer(answer: Answer, options: AskOptions = {}): Promise<Asked> {
  return await askRun(await newRun({ turns: [answer] }), options);
}

async function onlyRequest(run: string): Promise<RecordedRequest> {
  const requests = await api.requests(run, { ended: 1 });
  expect(requests).toHaveLength(1);
  return requests[0]!;
}

describe("a streamed answer", () => {
  it("has the events of Anthropic Messages, in their order", async () => {
    const asked = await onlyAnswer({ kind: "reply", text: "Hi.", calls: [{ tool: "run", command: "ls" }] });
    expect(asked).toMatchObject({ status: 200, isCut: false });
    expect(asked.headers["content-type"]).toContain("text/event-stream");
    const block = ["content_block_start", "content_block_delta", "content_block_stop"];
    expect(eventTypes(asked)).toEqual(["message_start", ...block, ...block, "message_delta", "message_stop"]);
    expect(eventsOf(asked).at(-2)).toMatchObject({ delta: { stop_reason: "tool_use" } });
  });

  it("has the events of OpenAI Responses, in their order", async () => {
    const asked = await onlyAnswer(
      { kind: "reply", text: "Hi.", calls: [{ tool: "run", command: "ls" }] },
      { protocol: PROTOCOLS[1] },
    );
    expect(eventTypes(asked)).toEqual([
      "response.created",
      "response.output_item.added",
      "response.output_text.delta",
      "response.output_item.done",
      "response.output_item.added",
      "response.output_item.done",
      "response.completed",
    ]);
  });

  it.each(PROTOCOLS)("comes whole to a request of $name that does not stream", async (protocol) => {
    const asked = await onlyAnswer({ kind: "reply", text: "Hi." }, { protocol, more: { stream: false } });
    expect(asked.headers["content-type"]).toBe("application/json");
    expect(JSON.stringify(JSON.parse(asked.body.toString()))).toContain('"text":"Hi."');
  });

  it.each(PROTOCOLS)("of $name can be longer than a reader may want", async (protocol) => {
    const asked = await onlyAnswer({ kind: "reply", text: "x".repeat(1000), repeat: 5000 }, { protocol });
    expect(asked.body.length).toBeGreaterThan(5_000_000);
    expect(asked.isCut).toBe(false);
  });

  it("takes its time between events, where the scenario says so", async () => {
    const startedMs = performance.now();
    const asked = await onlyAnswer({ kind: "reply", text: "Slowly.", paceMs: 20 });
    expect(performance.now() - startedMs).toBeGreaterThan(20 * eventTypes(asked).length * 0.9);
  });
});

describe("a conversation", () => {
  const two: Scenario = {
    turns: [
      { kind: "reply", calls: [{ tool: "run", command: "ls" }] },
      { kind: "reply", text: "second turn" },
    ],
  };

  it.each(PROTOCOLS)(
    "of $name is at its next turn when a call's result comes back, and not before",
    async (protocol) => {
      const run = await newRun(two);
      const first = (await askRun(run, { protocol })).body.toString();
      expect((await askRun(run, { protocol })).body.toString()).not.toContain("second turn");
      const id = /"((?:call|toolu)_turn0_\d+)"/.exec(first)?.[1];
      const result = { type: "tool_result", tool_use_id: id, content: "" };
      const output = { type: "function_call_output", call_id: id, output: "" };
      const more = { messages: [{ role: "user", content: [result] }], input: [output] };
      const second = await askRun(run, { protocol, more });
      expect(second.body.toString()).toContain("second turn");
    },
  );

  it("that was refused for its rate goes on when it asks again", async () => {
    const limited: Answer = { kind: "error", status: 429, headers: { "retry-after": "3" } };
    const run = await newRun({ turns: [[limited, { kind: "reply", text: "at last" }]] });
    expect(await askRun(run)).toMatchObject({ status: 429, headers: { "retry-after": "3" } });
    expect((await askRun(run)).body.toString()).toContain("at last");
  });

  it("is answered by its prompt; each prompt has counts of its own", async () => {
    const busy: Answer = { kind: "error", status: 529 };
    const say = (text: string): Answer => ({ kind: "reply", text });
    const run = await newRun({
      turns: [say("others")],
      byPrompt: [
        { includes: "task A", turns: [[busy, say("for A")]] },
        { includes: "task B", turns: [[busy, say("for B")]] },
      ],
    });
    const statuses: number[] = [];
    for (const prompt of ["task A", "task B", "task C", "task A"]) {
      statuses.push((await askRun(run, { prompt })).status);
    }
    expect(statuses).toEqual([529, 529, 200, 200]);
    expect((await api.requests(run)).map(({ prompt }) => prompt)).toEqual([
      "task A",
      "task B",
      null,
      "task A",
    ]);
  });

  it("hears nothing of another run, and a new scenario starts anew", async () => {
    const scenario: Scenario = {
      turns: [
        [
          { kind: "error", status: 500 },
          { kind: "reply", text: "hi" },
        ],
      ],
    };
    const [one, other] = [await newRun(scenario), await newRun(scenario)];
    expect([(await askRun(one)).status, (await askRun(one)).status]).toEqual([500, 200]);
    expect((await askRun(other)).status).toBe(500);
    await api.program(one, scenario);
    expect((await askRun(one)).status).toBe(500);
  });
});

describe("what goes wrong", () => {
  it.each(PROTOCOLS)("$name: the connection breaks after so many events", async (protocol) => {
    const reply: Answer = { kind: "reply", text: "Hi.", fault: { after: 2, what: "reset" } };
    const asked = await onlyAnswer(reply, { protocol });
    expect(asked.isCut).toBe(true);
    expect(eventTypes(asked)).toHaveLength(2);
    const control = await onlyAnswer({ kind: "reply", text: "Hi." }, { protocol });
    expect(control.isCut).toBe(false);
  });

  it.each(PROTOCOLS)("$name: the terminal event is missing, and the answer ends well", async (protocol) => {
    const asked = await onlyAnswer(
      { kind: "reply", text: "Hi.", fault: { after: -1, what: "end" } },
      { protocol },
    );
    expect(asked.isCut).toBe(false);
    expect(eventTypes(asked)).not.toContain("torn");
    expect(asked.body.toString()).not.toMatch(/message_stop|response\.completed/);
  });

  it.each(PROTOCOLS)("$name: one event is torn, and the others are whole", async (protocol) => {
    const asked = await onlyAnswer(
      { kind: "reply", text: "Hi.", fault: { after: 1, what: "malformed" } },
      { protocol },
    );
    expect(eventTypes(asked).filter((type) => type === "torn")).toEqual(["torn"]);
    expect(eventTypes(asked)[1]).toBe("torn");
    expect(asked.body.toString()).toMatch(/message_stop|response\.completed/);
  });

  it("not one byte comes, until the client gives up; the record says that it did", async () => {
    const run = await newRun({ turns: [{ kind: "silence" }] });
    const patience = new AbortController();
    const asking = askRun(run, { signal: patience.signal });
    const [begun] = await api.requests(run, { received: 1 });
    expect(begun?.end).toBe("open");
    patience.abort();
    await expect(asking).rejects.toThrow(/aborted/);
    expect(await onlyRequest(run)).toMatchObject({ end: "client-gone", status: null });
  });

  it.each([
    ["after the head", 0, /^$/],
    ["in a message", 2, /content_block_start/],
  ])("the answer falls silent %s, until the client gives up", async (_, after, expected) => {
    const run = await newRun({ turns: [{ kind: "reply", text: "Hi.", fault: { after, what: "silence" } }] });
    const patience = new AbortController();
    let seen: string | undefined;
    const onProgress = (body: string): void => {
      seen = body;
      if (expected.test(body)) patience.abort();
    };
    await expect(askRun(run, { signal: patience.signal, onProgress })).rejects.toThrow(/aborted/);
    expect(seen).toMatch(expected);
    expect(await onlyRequest(run)).toMatchObject({ end: "client-gone", status: 200 });
  });

  it("the connection breaks before the first byte", async () => {
    const run = await newRun({ turns: [{ kind: "reset" }] });
    await expect(askRun(run)).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(await onlyRequest(run)).toMatchObject({ end: "broken", status: null });
  });

  it.each([
    [PROTOCOLS[0], "error"],
    [PROTOCOLS[1], "response.failed"],
  ] as const)("the stream itself says that it failed: $0.name", async (protocol, type) => {
    const asked = await onlyAnswer({ kind: "failed", code: "overloaded", message: "no" }, { protocol });
    expect(asked.status).toBe(200);
    expect(eventTypes(asked).at(-1)).toBe(type);
  });

  it.each([
    [PROTOCOLS[0], 400, "prompt is too long"],
    [PROTOCOLS[1], 200, "context_length_exceeded"],
  ] as const)(
    "the conversation is too long, in the provider's words: $0.name",
    async (protocol, status, words) => {
      const asked = await onlyAnswer({ kind: "context-overflow" }, { protocol });
      expect(asked.status).toBe(status);
      expect(asked.body.toString()).toContain(words);
    },
  );

  it.each([
    ["max-tokens", PROTOCOLS[0], '"stop_reason":"max_tokens"'],
    ["max-tokens", PROTOCOLS[1], '"reason":"max_output_tokens"'],
    ["refusal", PROTOCOLS[0], '"stop_reason":"refusal"'],
    ["refusal", PROTOCOLS[1], '"type":"refusal"'],
  ] as const)("the model stops early: %s", async (stop, protocol, words) => {
    const asked = await onlyAnswer({ kind: "reply", text: "Hm.", stop }, { protocol });
    expect(asked.body.toString()).toContain(words);
  });

  it("something else answers: a sign-in page, a redirect", async () => {
    const html = await onlyAnswer({ kind: "raw", status: 200, body: "<html>", repeat: 3 });
    expect(html.body.toString()).toBe("<html><html><html>");
    const headers = { location: "https://example.com/" };
    expect(await onlyAnswer({ kind: "raw", status: 302, headers })).toMatchObject({ status: 302, headers });
  });

  it("a small answer unpacks to a large one", async () => {
    const asked = await onlyAnswer({ kind: "gzip-bomb", bytes: 10_000_000 });
    expect(asked.headers["content-encoding"]).toBe("gzip");
    expect(asked.body.length).toBeLessThan(100_000);
    expect(gunzipSync(asked.body)).toHaveLength(10_000_000);
  });

  it("headers come along that nobody should pass on; what arrived can be asked back", async () => {
    const reply: Answer = { kind: "reply", text: "Hi.", headers: { "set-cookie": "id=1" } };
    expect((await onlyAnswer(reply)).headers["set-cookie"]).toEqual(["id=1"]);
    const run = await newRun({ turns: [{ kind: "echo" }] });
    const url = api.url(run) + ANTHROPIC.path;
    const asked = await ask({ url, ca, headers: { "x-api-key": "sk-1" }, body: ANTHROPIC.body("") });
    expect(asked.body.toString()).toContain(String.raw`\"x-api-key\":\"sk-1\"`);
  });
});

describe("what is no scenario's business", () => {
  it.each([
    ["a run without a scenario", "/nobody/v1/messages", 404],
    ["a path that no provider has", "/here/v1/files", 404],
    ["a body that is no JSON object", "/here/v1/messages", 400],
    ["a count of tokens", "/here/v1/messages/count_tokens", 200],
  ])("%s is answered, and recorded", async (_, path, status) => {
    const run = path.split("/")[1]!;
    await api.program("here", { turns: [{ kind: "silence" }] });
    expect(await ask({ url: api.url() + path, ca, body: [] })).toMatchObject({ status });
    expect((await api.requests(run)).at(-1)).toMatchObject({ url: path, status, answer: null });
  });

  it("a path without a run belongs to the default run", async () => {
    await api.program("default", { turns: [{ kind: "reply", text: "default" }] });
    const asked = await ask({ url: api.url() + ANTHROPIC.path, ca, body: ANTHROPIC.body("") });
    expect(asked.body.toString()).toContain("default");
  });
});

describe("the record", () => {
  /** Sends bytes as they are, over TLS; resolves when the server has closed the connection. */
  async function sendBytes(bytes: Buffer): Promise<void> {
    const socket = connect({ port: Number(new URL(api.url()).port), host: "127.0.0.1", ca });
    await once(socket, "secureConnect");
    socket.resume().end(bytes);
    await once(socket, "close");
  }

  it("tells of a request what arrived and what became of it", async () => {
    const run = await newRun({ turns: [{ kind: "reply", text: "Hi." }] });
    const url = api.url(run) + ANTHROPIC.path;
    await ask({ url, ca, headers: { "X-Odd": "one" }, body: ANTHROPIC.body("grüße") });
    const request = await onlyRequest(run);
    expect(request).toMatchObject({
      run,
      method: "POST",
      url: `/${run}/v1/messages?beta=true`,
      path: "/v1/messages",
      headers: { "x-odd": "one" },
      rawHeaders: expect.arrayContaining(["X-Odd", "one"]) as string[],
      turn: 0,
      answer: "reply",
      status: 200,
      end: "complete",
    });
    expect(Buffer.from(request.body, "latin1").toString("utf8")).toContain("grüße");
  });

  it.each([
    ["is no HTTP at all", Buffer.from("\u0000\u0001 sentinel-nonsense ÿ\r\n\r\n", "latin1")],
    ["the parser gives up on", Buffer.from("POST / HTTP/1.1\r\nbad header sentinel-header\r\n\r\nrest")],
    [
      "says its length twice",
      Buffer.from("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ],
  ])("holds every byte of what %s", async (_, bytes) => {
    await sendBytes(bytes);
    const found = (await api.connections()).find((each) => each.bytes === bytes.toString("latin1"));
    expect(found?.malformed).toEqual(expect.any(String));
    expect((await api.everyByte()).includes(bytes)).toBe(true);
  });

  it("holds what comes behind a good request on the same connection", async () => {
    const smuggled = "GET /smuggled-sentinel HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    await sendBytes(Buffer.from(`GET /first HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`));
    expect((await api.everyByte()).toString("latin1")).toContain(smuggled);
    expect((await api.requests("smuggled-sentinel")).length).toBe(1);
  });

  it("shows that a client did not trust the server; one that has the right authority does", async () => {
    const run = await newRun({ turns: [{ kind: "reply", text: "Hi." }] });
    const wrong = readFileSync(api.wrongCaFile);
    const before = (await api.connections()).length;
    const url = api.url(run) + ANTHROPIC.path;
    await expect(ask({ url, ca: wrong, body: {} })).rejects.toThrow(/certificate/);
    const tried = (await api.connections()).slice(before);
    expect(tried.map(({ bytes }) => bytes).join("")).toBe("");
    expect(await api.requests(run)).toEqual([]);
    expect((await askRun(run)).status).toBe(200);
    expect(await api.requests(run)).toHaveLength(1);
  });

  it("of a run can be forgotten, and that of others stays", async () => {
    const scenario: Scenario = { turns: [{ kind: "reply", text: "Hi." }] };
    const [one, other] = [await newRun(scenario), await newRun(scenario)];
    await askRun(one);
    await askRun(other);
    await api.forget(one);
    expect(await api.requests(one)).toEqual([]);
    expect(await api.requests(other)).toHaveLength(1);
    expect((await askRun(one)).status).toBe(404);
  });
});
