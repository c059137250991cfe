import type { ServerResponse } from "node:http";
import type { JsonObject } from "./filter-json.ts";

/** One whole answer to a client, for refusals and errors. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
}

/** Writes an error to a client that has seen nothing yet. */
export function sendError(client: ServerResponse, answer: ErrorAnswer): void {
  if (client.headersSent || client.destroyed) return;
  const body = Buffer.from(JSON.stringify(answer.body));
  client.writeHead(answer.status, {
    ...answer.headers,
    "content-type": "application/json",
    "content-length": String(body.length),
  });
  client.end(body);
}
