/** How a path may be written: no escape but of a slash and an @ in a package's name, nothing that two parsers read differently. */
const PLAIN_PATH = /^(?:\/(?:[A-Za-z0-9._~!$'()*+,;=:@-]|%2[fF]|%40)+)+\/?$|^\/$/;
const PLAIN_QUERY = /^[A-Za-z0-9._~!$'()*+,;=:@/?&%-]{0,500}$/;
/** A link's target has been through a parser of URLs already. */
const PRINTABLE = /^\/[\x21-\x7e]*$/;
const MAX_TARGET_LENGTH = 2000;
const MAX_LINKS = 200_000;

/**
 * Which paths of a registry may be asked for with its credential: those below its configured URL, and those that a page
 * of it has linked to on the same server, as an index does that keeps its files beside itself.
 */
export class UpstreamPaths {
  private readonly base: string;
  private readonly linked = new Set<string>();

  /** `base`: the path of the configured URL, without a slash at the end. */
  constructor(base: string) {
    this.base = base;
  }

  /** A link of a page of this server. */
  add(target: string): void {
    if (this.linked.size < MAX_LINKS) this.linked.add(target);
  }

  allows(target: string): boolean {
    if (target.length > MAX_TARGET_LENGTH) return false;
    if (this.linked.has(target)) return PRINTABLE.test(target);
    const at = target.indexOf("?");
    const path = at < 0 ? target : target.slice(0, at);
    const query = at < 0 ? "" : target.slice(at + 1);
    if (!PLAIN_PATH.test(path) || !PLAIN_QUERY.test(query)) return false;
    if (path.split(/\/|%2f/i).some((part) => part === "." || part === "..")) return false;
    return path === this.base || path.startsWith(`${this.base}/`);
  }
}
