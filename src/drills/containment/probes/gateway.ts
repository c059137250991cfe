import type { ProbeFunction } from "../probe-targets.ts";

/**
 * Asks the gateway for what it must not pass on, looks for the key in its answers and wherever else it can read, and
 * writes into the folder of its socket.
 */
export const gateway: ProbeFunction = async ({ gateway: asked, word }) => {
  const fs = process.getBuiltinModule("node:fs");
  const http = process.getBuiltinModule("node:http");
  const { url, token, model, folder, key } = asked;
  const { hostname, port } = new URL(url);
  const reached: string[] = [];
  const refused: string[] = [];
  const unclear: string[] = [];
  const texts: [string, string][] = [];
  const send = async (
    method: string,
    path: string,
    more: { token?: string; model?: string },
  ): Promise<number | string> =>
    await new Promise((resolve) => {
      const body =
        method === "GET"
          ? ""
          : JSON.stringify({
              model: more.model ?? model,
              max_tokens: 1,
              messages: [{ role: "user", content: "hello" }],
            });
      const headers = {
        "x-api-key": more.token ?? token,
        "anthropic-version": "2023-06-01",
        ...(body === ""
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
      };
      const request = http.request({ hostname, port, method, path, headers, agent: false, timeout: 10_000 });
      request.once("timeout", () => request.destroy(new Error("no answer in time")));
      request.once("error", (error) => resolve(error.message));
      request.once("response", (response) => {
        let text = JSON.stringify(response.headers);
        response.on("data", (chunk) => (text += String(chunk)));
        response.once("close", () => {
          texts.push([`the answer to ${method} ${path}`, text]);
          resolve(response.statusCode ?? "no status");
        });
      });
      request.end(body);
    });
  // What it does pass on, to an API that is not there: so it is the gateway that says no to the others.
  const allowed = await send("POST", "/v1/messages", {});
  if (typeof allowed !== "number") unclear.push(`the gateway does not answer: ${allowed}`);
  const others = [
    ["POST", "/v1/messages", { token: "another-attempts-token" }],
    ["POST", "/v1/messages", { model: "another-model" }],
    ["GET", "/v1/files", {}],
    ["POST", "/v1/messages/batches", {}],
    ["GET", "http://198.51.100.1/", {}],
  ] as const;
  for (const [method, path, more] of others) {
    const status = await send(method, path, more);
    const what = `${method} ${path} ${Object.keys(more).join("")}`.trim();
    if (typeof status !== "number") unclear.push(`${what}: ${status}`);
    else if (status >= 400 && status < 500) refused.push(`${what}: ${status}`);
    else reached.push(`${what}: passed on (${status})`);
  }
  texts.push(["its environment", JSON.stringify(process.env)]);
  let names: string[] = [];
  try {
    names = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    // No such folder on this system.
  }
  for (const path of names.flatMap((pid) => [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`])) {
    try {
      texts.push([path, fs.readFileSync(path, "utf8")]);
    } catch {
      // It has ended, or is not readable.
    }
  }
  for (const [where, text] of texts) if (text.includes(key)) reached.push(`the key is in ${where}`);
  try {
    const path = `${folder}/${word}-gateway`;
    fs.writeFileSync(path, "");
    fs.unlinkSync(path);
    reached.push(`wrote into ${folder}`);
  } catch (error) {
    refused.push(`${folder}: ${(error as NodeJS.ErrnoException).code}`);
  }
  return { reached, refused, unclear };
};
