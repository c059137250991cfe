import type { Denial } from "./denial.ts";

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  /** Name, value, name, value, as they came. */
  readonly rawHeaders: readonly string[];
}

const MAX_HEADERS = 100;
/** The sandbox reaches its gateway as this machine. Another name is a sign of a client that takes it for a proxy. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/;
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
const LENGTH = /^(?:0|[1-9]\d{0,11})$/;
/** The only one that clients may repeat. */
const REPEATABLE = new Set(["anthropic-beta"]);

/**
 * What is wrong with a request before its body comes; undefined: nothing. The parser has seen to the syntax before; the
 * route and the token come after.
 */
export function checkRequestHead(head: RequestHead, maxBodyBytes: number): Denial | undefined {
  const { target, httpVersion, rawHeaders } = head;
  if (httpVersion !== "1.1") return { rule: "http.malformed", detail: `HTTP/${httpVersion}` };
  if (!target.startsWith("/")) return { rule: "http.target", detail: target };
  if (rawHeaders.length / 2 > MAX_HEADERS) {
    return { rule: "http.header-count", detail: String(rawHeaders.length / 2) };
  }
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const repeated = names.find((name, index) => names.indexOf(name) !== index && !REPEATABLE.has(name));
  if (repeated !== undefined) return { rule: "http.duplicate-header", detail: repeated };
  const headers = new Map(names.map((name, index) => [name, rawHeaders[index * 2 + 1] ?? ""]));
  return checkHeaders(headers, maxBodyBytes);
}

function checkHeaders(headers: ReadonlyMap<string, string>, maxBodyBytes: number): Denial | undefined {
  const upgrade = headers.get("upgrade");
  if (upgrade !== undefined) return { rule: "http.upgrade", detail: upgrade };
  const host = headers.get("host") ?? "";
  if (!OWN_HOST.test(host)) return { rule: "http.host", detail: host };
  const expect = headers.get("expect");
  if (expect !== undefined) return { rule: "http.expect", detail: expect };
  const encoding = headers.get("content-encoding");
  if (encoding !== undefined) return { rule: "http.content-encoding", detail: encoding };
  const transfer = headers.get("transfer-encoding");
  if (transfer !== undefined) return { rule: "http.transfer-encoding", detail: transfer };
  const length = headers.get("content-length") ?? "0";
  if (!LENGTH.test(length)) return { rule: "http.malformed", detail: "content-length" };
  if (Number(length) > maxBodyBytes) return { rule: "body.bytes", detail: `${length} bytes` };
  return undefined;
}

/** Whether a header says that the body is JSON. */
export function isJsonType(contentType: string | undefined): boolean {
  return contentType !== undefined && JSON_TYPE.test(contentType);
}
