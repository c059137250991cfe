import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import type { RecordedConnection, RecordedRequest } from "./recorded.ts";
import { parseScenario, type Scenario } from "./scenario.ts";

/** The scripted model API, as a test has it. One serves many tests at once: each has runs of its own. */
export interface ScriptedApi {
  /** The base URL of one run, without a slash at the end. The default run has no path. */
  url(run?: string): string;
  /** The certificate that the server's own is signed with, in PEM. */
  readonly caFile: string;
  /** A certificate that has signed nothing: with it, the server must not be trusted. */
  readonly wrongCaFile: string;
  /** Says what the run answers from now on. Throws where `scenario` is none. */
  program(run: string, scenario: Scenario): Promise<void>;
  /** What the run has received; waits until it has received, or ended, at least so many. */
  requests(run: string, wait?: WaitFor): Promise<readonly RecordedRequest[]>;
  connections(): Promise<readonly RecordedConnection[]>;
  /** All bytes that arrived until now, on all connections: for the search for what must not be there. */
  everyByte(): Promise<Buffer>;
  forget(run: string): Promise<void>;
  stop(): Promise<void>;
}

export interface WaitFor {
  readonly received?: number;
  readonly ended?: number;
}

/** The API behind a control plane, wherever it runs. */
export function scriptedApiClient(options: {
  readonly baseUrl: string;
  readonly controlUrl: string;
  readonly caFile: string;
  readonly wrongCaFile: string;
  readonly stop: () => Promise<void>;
}): ScriptedApi {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> =>
    await askControl(new URL(path, options.controlUrl), method, body);
  const runPath = (run: string): string => `/runs/${encodeURIComponent(run)}`;
  const connections = async (): Promise<RecordedConnection[]> =>
    (await ask("GET", "/connections")) as RecordedConnection[];
  return {
    url: (run) => (run === undefined ? options.baseUrl : `${options.baseUrl}/${run}`),
    caFile: options.caFile,
    wrongCaFile: options.wrongCaFile,
    program: async (run, scenario) => void (await ask("PUT", runPath(run), parseScenario(scenario))),
    requests: async (run, { received = 0, ended = 0 } = {}) => {
      const path = `${runPath(run)}/requests?received=${received}&ended=${ended}`;
      return (await ask("GET", path)) as RecordedRequest[];
    },
    connections,
    everyByte: async () =>
      Buffer.concat((await connections()).map(({ bytes }) => Buffer.from(bytes, "latin1"))),
    forget: async (run) => void (await ask("DELETE", runPath(run))),
    stop: options.stop,
  };
}

/** Plain `node:http`: a wait has no deadline but the test's own, and no proxy of this machine is asked. */
async function askControl(url: URL, method: string, body: unknown): Promise<unknown> {
  const request = httpRequest(url, { method }).end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) {
    throw new Error(`the scripted API answered ${response.statusCode} to ${method} ${url.pathname}`);
  }
  return await json(response);
}
