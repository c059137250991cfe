import type { RegistryDenial } from "./registry-rules.ts";

const MAX_HEADERS = 100;
/** The container reaches its gateway as this machine. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/;

interface Head {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

/** What is wrong with a CONNECT beside its target; undefined: nothing. Older programs ask for a tunnel in HTTP/1.0. */
export function checkConnect(head: Head): RegistryDenial | undefined {
  if (head.httpVersion !== "1.1" && head.httpVersion !== "1.0") return malformed(`HTTP/${head.httpVersion}`);
  const names = namesOf(head);
  if (names.length > MAX_HEADERS) return malformed(`${names.length} header lines`);
  const hasBody = names.some(
    (name, at) =>
      name === "transfer-encoding" || (name === "content-length" && head.rawHeaders[at * 2 + 1] !== "0"),
  );
  return hasBody ? { rule: "connect.malformed", detail: "a body" } : undefined;
}

/** What is wrong with a request to a registry's path here, beside the path; undefined: nothing. */
export function checkRequest(head: Head): RegistryDenial | undefined {
  const { method, target, httpVersion, rawHeaders } = head;
  if (httpVersion !== "1.1") return malformed(`HTTP/${httpVersion}`);
  const names = namesOf(head);
  if (names.length > MAX_HEADERS) return malformed(`${names.length} header lines`);
  const valueOf = (wanted: string): string | undefined => {
    const at = names.indexOf(wanted);
    return at < 0 ? undefined : rawHeaders[at * 2 + 1];
  };
  if (names.filter((name) => name === "host").length !== 1 || !OWN_HOST.test(valueOf("host") ?? ""))
    return { rule: "request.host", detail: valueOf("host") ?? "" };
  for (const name of ["transfer-encoding", "upgrade", "expect"])
    if (names.includes(name)) return malformed(name);
  if ((valueOf("content-length") ?? "0") !== "0") return malformed("a body");
  if (method !== "GET" && method !== "HEAD") return { rule: "request.method", detail: method };
  if (!target.startsWith("/")) return { rule: "request.path", detail: target };
  return undefined;
}

function namesOf({ rawHeaders }: Head): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
}

function malformed(detail: string): RegistryDenial {
  return { rule: "request.malformed", detail };
}
