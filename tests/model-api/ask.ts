import { request as httpsRequest } from "node:https";

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** The connection broke before the answer's end. */
  readonly isCut: boolean;
}

/** One request over a connection of its own, and all that comes back. Rejects where not even a head comes. */
export async function ask(options: {
  readonly url: string;
  readonly ca: Buffer;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Called with the head, and then with each piece: what has come of the body until now. */
  readonly onProgress?: (body: string) => void;
}): Promise<Asked> {
  const { url, ca, method = "POST", headers = {}, body, signal, onProgress } = options;
  return await new Promise((resolve, reject) => {
    const request = httpsRequest(url, { ca, method, headers, agent: false, ...(signal ? { signal } : {}) });
    request.once("error", reject);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      const settle = (isCut: boolean): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          isCut,
        });
      onProgress?.("");
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        if (onProgress) onProgress(Buffer.concat(chunks).toString("utf8"));
      });
      response.once("error", () => settle(true));
      response.once("end", () => settle(false));
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The events of a stream, in order; an event whose data is no JSON is "torn". */
export function eventsOf({ body }: Asked): readonly Readonly<Record<string, unknown>>[] {
  return body
    .toString("utf8")
    .split("\n\n")
    .filter((text) => text.startsWith("event: "))
    .map((text) => {
      const data = text.slice(text.indexOf("\ndata: ") + "\ndata: ".length);
      try {
        return JSON.parse(data) as Record<string, unknown>;
      } catch {
        return { type: "torn" };
      }
    });
}

export function eventTypes(asked: Asked): unknown[] {
  return eventsOf(asked).map(({ type }) => type);
}
