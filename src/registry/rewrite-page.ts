/** A registry's page, and where it and its server are seen from here. */
export interface Page {
  /** As the registry says it. */
  readonly contentType: string;
  readonly text: string;
  /** Where it came from. */
  readonly url: URL;
  /** What stands for the server's origin: `http://127.0.0.1:PORT/r0`. */
  readonly local: string;
  /** Sees the target (path and query) of each link to the same server. */
  readonly onLink: (target: string) => void;
}

/** Whether an answer of this type has links that must lead through here. */
export function hasLinks(contentType: string): boolean {
  return isJson(contentType) || isHtml(contentType);
}

/**
 * The page with each link to its own server leading through here instead: `dist.tarball` of npm's documents, `url` of the
 * files of a Python index in JSON, `href` of one in HTML. Links to other servers stay as they are: there the credential
 * does not go, and whether one may be reached is for the tunnels to say. Undefined: it is not what its type says.
 */
export function rewritePage(page: Page): string | undefined {
  if (isHtml(page.contentType)) return rewriteHtml(page);
  try {
    const json: unknown = JSON.parse(page.text);
    rewriteJson(json, page);
    return JSON.stringify(json);
  } catch {
    return undefined;
  }
}

/** A link to the page's own server as it is written here; undefined: it leads elsewhere. */
export function localLink(link: string, page: Pick<Page, "url" | "local" | "onLink">): string | undefined {
  const url = URL.parse(link, page.url.href);
  if (!url || url.origin !== page.url.origin) return undefined;
  page.onLink(url.pathname + url.search);
  return page.local + url.pathname + url.search + url.hash;
}

function rewriteJson(json: unknown, page: Page): void {
  if (!isObject(json)) return;
  rewriteAt(json["dist"], "tarball", page);
  const { versions, files } = json;
  if (isObject(versions)) {
    for (const version of Object.values(versions))
      if (isObject(version)) rewriteAt(version["dist"], "tarball", page);
  }
  if (Array.isArray(files)) for (const file of files as unknown[]) rewriteAt(file, "url", page);
}

function rewriteAt(holder: unknown, key: string, page: Page): void {
  if (!isObject(holder)) return;
  const link = holder[key];
  if (typeof link === "string") holder[key] = localLink(link, page) ?? link;
}

const HREF = /(\shref\s*=\s*)(?:"([^"]*)"|'([^']*)')/gi;

function rewriteHtml(page: Page): string {
  return page.text.replace(HREF, (whole, before: string, double?: string, single?: string) => {
    const link = localLink((double ?? single ?? "").replaceAll("&amp;", "&"), page);
    return link === undefined ? whole : `${before}"${link.replaceAll("&", "&amp;").replaceAll('"', "%22")}"`;
  });
}

function isJson(contentType: string): boolean {
  return /^application\/(?:json|vnd\.[\w.+-]*\+json)\s*(?:;|$)/i.test(contentType);
}

function isHtml(contentType: string): boolean {
  return /^(?:text\/html|application\/vnd\.pypi\.simple\.v1\+html)\s*(?:;|$)/i.test(contentType);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
