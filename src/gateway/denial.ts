/**
 * Every rule by which a gateway refuses something of the sandbox's, and what it means. Default-deny: what no rule
 * names does not pass either; it meets `route`, `body.key`, `body.kind` or `body.value`.
 */
export const DENIAL_RULES = {
  "http.malformed": "not HTTP/1.1 as the standard writes it",
  "http.header-size": "header lines of more than 16 KiB",
  "http.header-count": "more than 100 header lines",
  "http.timeout": "a request that does not come to its end in time",
  "http.target": "CONNECT, a whole URL or an asterisk instead of a path: this is no proxy",
  "http.upgrade": "a request to change the protocol",
  "http.expect": "a request for an answer before the body",
  "http.host": "a host that is not this machine",
  "http.duplicate-header": "a header that may be there once, more than once",
  "http.transfer-encoding": "a body without a length",
  "http.content-encoding": "a body that is compressed",
  "http.content-type": "a body that is not JSON",
  "http.header-value": "a header that passes, with a value that does not",
  route: "a method, path or query that is none of the provider's routes",
  token: "not the token of this attempt",
  "rate.concurrent": "more requests at one time than the cap",
  "rate.per-minute": "more requests in a minute than the cap",
  "rate.connections": "a connection beyond the 64 that may be open at one time",
  ended: "a request after the API has refused the key or a quota that lasts",
  budget: "a request after the attempt's budget was used up",
  "body.bytes": "a body that is larger than the cap",
  "body.json": "a body that is not JSON in UTF-8",
  "body.nesting": "JSON that is nested too deep, or has too many values",
  "body.key": "a key that the gateway does not know",
  "body.kind":
    "a kind of content, item or source that is not known to be harmless, such as a URL that the API would fetch",
  "body.tool": "a tool that does not run in the sandbox",
  "body.value": "a value that the gateway does not let pass",
  "body.model": "a model that is not allowed",
} as const;

export type DenialRule = keyof typeof DENIAL_RULES;

/** Why a request is refused. `detail` may quote what the sandbox sent: untrusted, and bounded only where it is told. */
export interface Denial {
  readonly rule: DenialRule;
  readonly detail: string;
}
