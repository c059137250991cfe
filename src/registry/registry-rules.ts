/** Every rule by which a registry gateway refuses something, and what it means. Default-deny: only what is listed passes. */
export const REGISTRY_RULES = {
  "connect.malformed": "a CONNECT that is not host:port in plain ASCII, or that has a body",
  "connect.address": "an address in place of a name, in any spelling",
  "connect.host": "a name that is none of the registries, exactly",
  "connect.port": "a port that is not the registry's",
  "connect.private": "a registry's name that means a private, local or special address",
  "tls.not-tls": "a tunnel that does not begin with the first message of TLS",
  "tls.no-name": "a first message without a server name",
  "tls.name": "a first message with another server name than the tunnel's",
  "tls.hidden-name": "a first message that hides a second server name (Encrypted Client Hello)",
  "tls.timeout": "a tunnel on which the first message does not come in time",
  "request.malformed":
    "a request that is not HTTP/1.1 as the standard writes it, has a body, or asks for another protocol",
  "request.host": "a host that is not this machine",
  "request.method": "another method than GET and HEAD",
  "request.path":
    "a path that is not below a configured registry and was in no page of it, or is written in an odd way",
  "limit.concurrent": "more at one time than the cap",
  "limit.bytes": "anything after the bytes are used up",
} as const;

export type RegistryRule = keyof typeof REGISTRY_RULES;

/** Why something is refused. `detail` may quote what was sent: untrusted. */
export interface RegistryDenial {
  readonly rule: RegistryRule;
  readonly detail: string;
}
