import { PROVIDERS, CREDENTIAL_KINDS } from "../core/provider.ts";
import type { GatewayConfig } from "../core/gateway-protocol.ts";
import { err, ok, type Result } from "../core/result.ts";
import { filterJson, type Json } from "./filter-json.ts";
import { PROVIDER_TABLE } from "./provider-table.ts";
import { ANY_TEXT, constant, either, list, NULL, number, object, record, text, type Shape } from "./shape.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const COUNT = number(1, MAX);
/** Longer timers would fire at once. */
const MILLISECONDS = number(1, 2 ** 31 - 1);
/** What a header can hold, and nothing that could end one. */
const SECRET = text(8192, /^[\x21-\x7e]+$/);

const CONFIG = strict({
  provider: constant(...PROVIDERS),
  token: text(200, /^[A-Za-z0-9._~+/=-]{16,}$/),
  credential: strict({ kind: constant(...CREDENTIAL_KINDS), value: SECRET }),
  upstream: strict({ url: text(2000), ca: either(NULL, ANY_TEXT), proxy: either(NULL, text(2000)) }),
  models: list(text(200, /^[\w.:/@[\]-]+$/), 100),
  maxOutputTokens: COUNT,
  prices: record(
    strict({
      input: number(0, 1e6),
      cacheRead: number(0, 1e6),
      cacheWrite: number(0, 1e6),
      output: number(0, 1e6),
    }),
    100,
  ),
  caps: strict({
    tokens: number(0, MAX),
    costUsd: number(0, MAX),
    requestBytes: COUNT,
    responseBytes: COUNT,
    concurrent: number(1, 1000),
    requestsPerMinute: number(1, 1_000_000),
    firstByteMs: MILLISECONDS,
    idleMs: MILLISECONDS,
    answerMs: MILLISECONDS,
  }),
});

/** The configuration, or what is wrong with it, in words that quote nothing of it. */
export function parseConfig(line: string): Result<GatewayConfig, string> {
  let json: Json;
  try {
    json = JSON.parse(line) as Json;
  } catch {
    return err("it is not JSON");
  }
  const filtered = filterJson(CONFIG, json);
  // The path before the colon is of our own words, but for keys that a stranger chose.
  if (!filtered.ok) return err(`it does not have the form of a configuration (${filtered.error.rule})`);
  const config = filtered.value as unknown as GatewayConfig;
  if (config.models.length === 0) return err("it has no model");
  if (!isUpstream(config.upstream.url)) return err("its upstream is not https://host[:port][/prefix]");
  if (config.upstream.proxy !== null && !isProxy(config.upstream.proxy)) {
    return err("its proxy is not http://host:port");
  }
  if (!PROVIDER_TABLE[config.provider].keyHeaders(config.credential)) {
    return err("its provider does not take this kind of secret");
  }
  return ok(config);
}

function strict(keys: Readonly<Record<string, Shape>>): Shape {
  return object(keys, { required: Object.keys(keys) });
}

function isUpstream(written: string): boolean {
  if (!/^https:\/\/[A-Za-z0-9.[\]:-]+(?:\/[\w.~-]+)*$/.test(written) || !URL.canParse(written)) return false;
  const url = new URL(written);
  // Nothing that a parser reads in another way than a person: no user, no dots to go up, no other spelling.
  return (
    url.username === "" &&
    (url.pathname === "/" ? "" : url.pathname) === written.replace(/^https:\/\/[^/]*/, "")
  );
}

function isProxy(written: string): boolean {
  return /^http:\/\/[A-Za-z0-9.[\]:-]+$/.test(written) && URL.canParse(written);
}
