import type { RegistryConfig } from "../core/registry-protocol.ts";
import { err, ok, type Result } from "../core/result.ts";

const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])$/;
const PREFIX = /^\/[a-z0-9]+$/;
const URL_FORM = /^https:\/\/[A-Za-z0-9.[\]:-]+(?:\/[\w.~@+-]+)*$/;
const PROXY = /^http:\/\/[A-Za-z0-9.[\]:-]+$/;
/** What a header can hold, and nothing that could end one. */
const SECRET = /^[\x21-\x7e]{1,8192}$/;
const USER = /^[\x21-\x39\x3b-\x7e]{1,200}$/;
const CAPS = ["concurrent", "sentBytes", "receivedBytes", "pageBytes", "idleMs", "helloMs"] as const;

/** The configuration, or what is wrong with it, in words that quote nothing of it. */
export function parseRegistryConfig(line: string): Result<RegistryConfig, string> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return err("it is not JSON");
  }
  const config = json as RegistryConfig;
  try {
    const { tunnels, upstreams, proxy, caps } = config;
    if (!tunnels.every(isTunnel)) return err("a tunnel's target is not in the form of one");
    if (!upstreams.every(isUpstream)) return err("a registry is not in the form of one");
    if (new Set(upstreams.map(({ prefix }) => prefix)).size < upstreams.length)
      return err("two registries have one path");
    if (proxy !== null && !(PROXY.test(proxy) && URL.canParse(proxy)))
      return err("its proxy is not http://host:port");
    if (!CAPS.every((name) => Number.isSafeInteger(caps[name]) && caps[name] > 0))
      return err("a cap is no number");
  } catch {
    return err("it does not have the form of a configuration");
  }
  return ok(config);
}

function isTunnel({ host, port, internal }: RegistryConfig["tunnels"][number]): boolean {
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
  return HOST.test(host) && isPort && typeof internal === "boolean";
}

function isUpstream({ prefix, url, credential, ca }: RegistryConfig["upstreams"][number]): boolean {
  if (!PREFIX.test(prefix) || !URL_FORM.test(url) || !URL.canParse(url)) return false;
  const isUser = credential.user === null || USER.test(credential.user);
  return isUser && SECRET.test(credential.value) && (ca === null || typeof ca === "string");
}
