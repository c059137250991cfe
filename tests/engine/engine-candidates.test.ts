import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { engineCandidates, type LookupOptions } from "../../src/engine/engine-candidates.ts";

const HOME = "/home/ada";

function lookup(options: {
  env?: NodeJS.ProcessEnv;
  configured?: string;
  files?: Record<string, string>;
}): LookupOptions {
  const files = new Map(Object.entries(options.files ?? {}));
  return {
    env: options.env ?? {},
    homeDir: HOME,
    uid: 1000,
    configured: options.configured,
    readText: async (file) => Promise.resolve(files.get(file)),
  };
}

function contextFiles(name: string, host: string, dir = `${HOME}/.docker`): Record<string, string> {
  const id = createHash("sha256").update(name).digest("hex");
  return {
    [`${dir}/contexts/meta/${id}/meta.json`]: JSON.stringify({
      Name: name,
      Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
    }),
  };
}

describe("the lookup of the engine", () => {
  it("takes DOCKER_HOST before all else, and nothing after it", async () => {
    const candidates = await engineCandidates(
      lookup({
        env: { DOCKER_HOST: "unix:///a.sock", DOCKER_CONTEXT: "x" },
        configured: "unix:///b.sock",
      }),
    );
    expect(candidates).toEqual([
      { source: "DOCKER_HOST", host: "unix:///a.sock", tls: undefined, problem: undefined },
    ]);
  });

  it("takes the configured engine where DOCKER_HOST is not set or empty, and nothing after it", async () => {
    const candidates = await engineCandidates(lookup({ env: { DOCKER_HOST: "" }, configured: "tcp://h:1" }));
    expect(candidates).toMatchObject([{ source: "engine.host", host: "tcp://h:1", problem: undefined }]);
  });

  it("takes the context that DOCKER_CONTEXT names, and nothing after it", async () => {
    const candidates = await engineCandidates(
      lookup({ env: { DOCKER_CONTEXT: "lab" }, files: contextFiles("lab", "unix:///lab.sock") }),
    );
    expect(candidates).toMatchObject([{ source: 'Docker context "lab"', host: "unix:///lab.sock" }]);
  });

  it("takes the Docker client's current context first, then the known sockets, each once", async () => {
    const candidates = await engineCandidates(
      lookup({
        files: {
          [`${HOME}/.docker/config.json`]: JSON.stringify({ currentContext: "desktop-linux", auths: {} }),
          ...contextFiles("desktop-linux", `unix://${HOME}/.docker/run/docker.sock`),
        },
      }),
    );
    expect(candidates.map(({ source, host }) => [source, host])).toEqual([
      ['Docker context "desktop-linux"', `unix://${HOME}/.docker/run/docker.sock`],
      ["known socket", "unix:///var/run/docker.sock"],
      ["known socket", "unix:///run/user/1000/docker.sock"],
      ["known socket", `unix://${HOME}/.docker/desktop/docker.sock`],
      ["known socket", `unix://${HOME}/.colima/default/docker.sock`],
      ["known socket", `unix://${HOME}/.rd/docker.sock`],
      ["known socket", "unix:///run/nightwarden-engine/docker.sock"],
      ["known socket", "unix:///run/user/1000/podman/podman.sock"],
      ["known socket", "unix:///run/podman/podman.sock"],
    ]);
  });

  it("reads the Docker client's configuration where DOCKER_CONFIG says", async () => {
    const candidates = await engineCandidates(
      lookup({
        env: { DOCKER_CONFIG: "/conf" },
        files: {
          "/conf/config.json": '{"currentContext":"c"}',
          ...contextFiles("c", "unix:///c.sock", "/conf"),
        },
      }),
    );
    expect(candidates[0]).toMatchObject({ host: "unix:///c.sock" });
  });

  it.each([
    ["no configuration", {}],
    ["the default context", { [`${HOME}/.docker/config.json`]: '{"currentContext":"default"}' }],
    ["a broken configuration", { [`${HOME}/.docker/config.json`]: "{" }],
  ])("begins with the system's socket where there is %s", async (_what, files) => {
    const candidates = await engineCandidates(lookup({ files: { ...files } }));
    expect(candidates[0]).toMatchObject({ source: "known socket", host: "unix:///var/run/docker.sock" });
  });

  it("names a context that does not exist, and goes on", async () => {
    const candidates = await engineCandidates(
      lookup({ files: { [`${HOME}/.docker/config.json`]: '{"currentContext":"gone"}' } }),
    );
    expect(candidates[0]).toMatchObject({
      source: 'Docker context "gone"',
      problem: "the context does not exist",
    });
    expect(candidates.length).toBeGreaterThan(1);
  });

  it("takes a context's certificates", async () => {
    const id = createHash("sha256").update("tls").digest("hex");
    const [candidate] = await engineCandidates(
      lookup({
        env: { DOCKER_CONTEXT: "tls" },
        files: {
          ...contextFiles("tls", "tcp://far:2376"),
          [`${HOME}/.docker/contexts/tls/${id}/docker/ca.pem`]: "CA",
          [`${HOME}/.docker/contexts/tls/${id}/docker/key.pem`]: "KEY",
        },
      }),
    );
    expect(candidate?.tls).toEqual({ ca: "CA", cert: undefined, key: "KEY", skipVerify: false });
  });

  it("takes DOCKER_CERT_PATH's certificates for a TCP engine, and none for a socket", async () => {
    const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };
    const files = { "/certs/ca.pem": "CA", "/certs/cert.pem": "CERT", "/certs/key.pem": "KEY" };
    const [tcp] = await engineCandidates(lookup({ env: { ...env, DOCKER_HOST: "far:2376" }, files }));
    expect(tcp).toMatchObject({ host: "tcp://far:2376", tls: { ca: "CA", cert: "CERT", skipVerify: false } });
    const [socket] = await engineCandidates(lookup({ env: { ...env, DOCKER_HOST: "unix:///s" }, files }));
    expect(socket?.tls).toBeUndefined();
  });

  it("refuses to go without the CA that DOCKER_TLS_VERIFY asks for", async () => {
    const [candidate] = await engineCandidates(
      lookup({ env: { DOCKER_TLS_VERIFY: "1", DOCKER_HOST: "tcp://far:2376" } }),
    );
    expect(candidate?.problem).toContain("no ca.pem in /home/ada/.docker");
  });

  it.each([
    ["ssh://host", "ssh -L"],
    ["npipe:////./pipe/docker_engine", "WSL"],
    ["unix://relative.sock", "absolute"],
    ["ftp://host", "unix:// or tcp://"],
    ["tcp://", "not an address"],
  ])("says of %s what to do instead", async (host, hint) => {
    const [candidate] = await engineCandidates(lookup({ env: { DOCKER_HOST: host } }));
    expect(candidate?.problem).toContain(hint);
  });
});
