import { describe, expect, it } from "vitest";
import { registryPlan, withAliases, type Registry } from "../../src/core/registry-access.ts";

const npm: Registry = {
  kind: "npm",
  url: "https://npm.example",
  scopes: [],
  hosts: [],
  internal: false,
  credential: null,
};
const SECRET = "a-secret-token";

describe("the way to registries", () => {
  it("is a tunnel to those without a credential, and a path of the gateway to the others", () => {
    const { config, env, aliases } = registryPlan(
      {
        registries: [
          { ...npm, hosts: ["cdn.example:8443"] },
          {
            ...npm,
            url: "https://corp.example/npm",
            scopes: ["@corp"],
            credential: { user: null, value: SECRET },
          },
          { ...npm, kind: "pip", url: "https://py.example:444/simple", internal: true },
        ],
        ca: "PEM",
        proxy: null,
      },
      { allowScripts: false },
    );
    expect(config.tunnels).toEqual([
      { host: "npm.example", port: 443, internal: false },
      { host: "cdn.example", port: 8443, internal: false },
      { host: "py.example", port: 444, internal: true },
    ]);
    expect(config.upstreams).toEqual([
      {
        prefix: "/r1",
        url: "https://corp.example/npm",
        credential: { user: null, value: SECRET },
        ca: "PEM",
      },
    ]);
    expect(env).toMatchObject({
      npm_config_registry: "https://npm.example/",
      "npm_config_@corp:registry": "http://127.0.0.1:8402/r1/npm/",
      npm_config_ignore_scripts: "true",
      PIP_INDEX_URL: "https://py.example:444/simple/",
      PIP_ONLY_BINARY: ":all:",
      npm_config_cafile: "/task/.nightwarden-prepare/ca.pem",
    });
    // What the container is told holds no secret.
    expect(JSON.stringify(env)).not.toContain(SECRET);
    const lock = '"resolved": "https://corp.example/npm/a/-/a-1.tgz", "https://corp.example/npmx/"';
    const inside = withAliases(lock, aliases, "inside");
    expect(inside).toBe(
      '"resolved": "http://127.0.0.1:8402/r1/npm/a/-/a-1.tgz", "https://corp.example/npmx/"',
    );
    expect(withAliases(inside, aliases, "outside")).toBe(lock);
  });

  it("lets packages run programs where that is allowed, and has no certificates where none are given", () => {
    const { env } = registryPlan({ registries: [npm], ca: null, proxy: null }, { allowScripts: true });
    expect(env).toMatchObject({ npm_config_ignore_scripts: "false" });
    expect(
      Object.keys(env).filter((name) => /cafile|CERT|CA_/i.test(name) || name === "PIP_ONLY_BINARY"),
    ).toEqual([]);
  });
});
