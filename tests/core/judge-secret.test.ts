import { describe, expect, it } from "vitest";
import { judgeSecret } from "../../src/core/judge-secret.ts";
import type { Provider } from "../../src/core/provider.ts";

/** Nobody's keys: the forms are right, the rest is made up. */
const REST = "AbCdEfGhIjKlMnOpQrStUvWx-0123456789_";
const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl";

describe("a secret", () => {
  it.each<[Provider, string, string, "api-key" | "oauth-token"]>([
    ["anthropic", "an API key", `sk-ant-api03-${REST}`, "api-key"],
    ["anthropic", "the token of setup-token", `sk-ant-oat01-${REST}`, "oauth-token"],
    ["anthropic", "a key of a form that is to come", `sk-ant-new-${REST}`, "api-key"],
    ["anthropic", "a proxy's own key", `sk-${REST}`, "api-key"],
    ["anthropic", "a company's own key", "c0mpany/key==", "api-key"],
    ["openai-responses", "a project's key", `sk-proj-${REST}`, "api-key"],
    ["openai-responses", "a service account's key", `sk-svcacct-${REST}`, "api-key"],
    ["openai-chat", "an old key", "sk-abcdT3BlbkFJefgh", "api-key"],
    ["openai-responses", "a company's own key", "c0mpany/key==", "api-key"],
    ["gemini", "a key of any form", "AIzaSyNobody", "api-key"],
  ])("for %s may be %s", (provider, _, text, kind) => {
    expect(judgeSecret(text, provider)).toEqual({ ok: true, value: { kind, value: text } });
  });

  it.each<[Provider, string, string, string]>([
    ["anthropic", "nothing", "", "is empty"],
    ["anthropic", "two lines", `sk-ant-api03-${REST}\nsk-ant-api03-${REST}`, "has more than one line"],
    ["anthropic", "a line and its end", `sk-ant-api03-${REST}\n`, "has more than one line"],
    ["anthropic", "a space before it", ` sk-ant-api03-${REST}`, "has white space in it"],
    ["anthropic", "an assignment", `KEY = ${REST}`, "has white space in it"],
    ["anthropic", "a control character", `sk-ant-api03-\u0007${REST}`, "has a control character"],
    ["anthropic", "a dash of a word processor", `sk\u2013ant-${REST}`, "not ASCII"],
    ["anthropic", "a placeholder", "key", "has fewer than 8 characters"],
    ["anthropic", "a file's worth", "x".repeat(5000), "has more than 4096 characters"],
    ["anthropic", "an admin key", `sk-ant-admin01-${REST}`, "holds a key for administration"],
    ["openai-responses", "an admin key", `sk-admin-${REST}`, "holds a key for administration"],
    ["anthropic", "OpenAI's key", `sk-proj-${REST}`, "holds a key of OpenAI"],
    ["anthropic", "OpenAI's old key", "sk-abcdT3BlbkFJefgh", "holds a key of OpenAI"],
    ["openai-responses", "Anthropic's key", `sk-ant-api03-${REST}`, "holds a key of Anthropic"],
    ["openai-responses", "Anthropic's token", `sk-ant-oat01-${REST}`, "holds a key of Anthropic"],
    ["gemini", "Anthropic's key", `sk-ant-api03-${REST}`, "holds a key of Anthropic"],
    [
      "anthropic",
      "a login file",
      `{\n  "claudeAiOauth": { "accessToken": "sk-ant-oat01-${REST}" }\n}\n`,
      "login",
    ],
    ["openai-responses", "a login file", `{"tokens":{"id_token":"${JWT}"}}`, "login"],
    ["openai-responses", "a part of a login file", `"refresh_token":"${REST}"`, "login"],
    ["openai-responses", "a JSON Web Token", JWT, "login"],
    ["anthropic", "a token that renews others", `sk-ant-ort01-${REST}`, "login"],
    ["anthropic", "a browser's session", `sk-ant-sid01-${REST}`, "login"],
  ])("for %s is refused where it is %s", (provider, _, text, message) => {
    const judged = judgeSecret(text, provider);
    if (judged.ok) throw new Error("it was accepted");
    expect(judged.error.message).toContain(message);
    expect(judged.error.hint).toMatch(/\w{3}/);
    for (const quoted of [REST, REST.slice(0, 8), "eyJ"])
      expect(JSON.stringify(judged.error)).not.toContain(quoted);
  });

  it("that is a copied login is refused with what to use in its place", () => {
    const judged = judgeSecret("{}", "anthropic");
    expect(judged.ok ? "" : judged.error.hint).toContain("claude setup-token");
  });
});
