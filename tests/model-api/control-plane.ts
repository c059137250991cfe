import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import type { ExchangeLog } from "./exchange-log.ts";
import type { ModelEndpoints } from "./model-endpoints.ts";
import type { RecordedRequest } from "./recorded.ts";
import type { Scenario } from "./scenario.ts";
import { ScriptedRun } from "./scripted-run.ts";

/**
 * How a test talks to the scripted API.
 *
 *     PUT    /runs/<run>           the run's scenario; its counts start anew
 *     GET    /runs/<run>/requests  what the run has received; ?received=n or ?ended=n waits for so many
 *     DELETE /runs/<run>           the run and what it received
 *     GET    /requests             what all runs have received
 *     GET    /connections          every byte that arrived, by connection
 *     DELETE /requests             forgets all of that
 */
export class ControlPlane {
  private readonly endpoints: ModelEndpoints;
  private readonly log: ExchangeLog;

  constructor(options: { readonly endpoints: ModelEndpoints; readonly log: ExchangeLog }) {
    this.endpoints = options.endpoints;
    this.log = options.log;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://control");
    const [place, name, part] = url.pathname.slice(1).split("/");
    const run = name === undefined ? undefined : decodeURIComponent(name);
    const give = (value: unknown): void => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    switch (`${request.method} ${[place, run && "*", part].filter(Boolean).join("/")}`) {
      case "PUT runs/*": {
        const scenario = (await json(request)) as Scenario;
        if (run !== undefined) this.endpoints.runs.set(run, new ScriptedRun(scenario));
        return give({});
      }
      case "GET runs/*/requests":
        await this.waitFor(run ?? "", url.searchParams, response);
        return give(this.log.requestsOf(run));
      case "DELETE runs/*":
        this.endpoints.runs.delete(run ?? "");
        this.log.forget(run);
        return give({});
      case "GET requests":
        return give(this.log.requestsOf());
      case "DELETE requests":
        this.log.forget();
        return give({});
      case "GET connections":
        return give(this.log.allConnections());
      default:
        response.writeHead(404).end();
    }
  }

  private async waitFor(run: string, wanted: URLSearchParams, response: ServerResponse): Promise<void> {
    const [received, ended] = [Number(wanted.get("received")), Number(wanted.get("ended"))];
    const hasEnded = ({ end }: RecordedRequest): boolean => end !== "open";
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    await this.log.until(() => {
      const requests = this.log.requestsOf(run);
      return requests.length >= received && requests.filter(hasEnded).length >= ended;
    }, gone.signal);
  }
}
