import { describe, expect, it } from "vitest";
import { PINNED_VERSIONS, type PinnedClient } from "../../src/core/client.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { clientPackages } from "../../src/images/client-package.ts";

const claude: PinnedClient = { name: "claude", version: "2.1.328" };
const codex: PinnedClient = { name: "codex", version: "0.169.0" };

function refusal(clients: readonly PinnedClient[]): NightwardenError {
  try {
    clientPackages(clients, "x64");
  } catch (error) {
    if (error instanceof NightwardenError) return error;
  }
  throw new Error("was not refused");
}

describe("the package of a client", () => {
  it.each([
    [claude, "x64", "@anthropic-ai/claude-code-linux-x64", "2.1.328", "claude"],
    [claude, "arm64", "@anthropic-ai/claude-code-linux-arm64", "2.1.328", "claude"],
    [codex, "x64", "@openai/codex", "0.169.0-linux-x64", "vendor/x86_64-unknown-linux-musl/bin/codex"],
    [codex, "arm64", "@openai/codex", "0.169.0-linux-arm64", "vendor/aarch64-unknown-linux-musl/bin/codex"],
  ] as const)("is the native one for Linux: %j on %s", (client, arch, name, version, program) => {
    const [found] = clientPackages([client], arch);
    if (!found) throw new Error("no package");
    expect([found.name, found.version]).toEqual([name, version]);
    expect([found.folder, found.program].filter(Boolean).join("/")).toBe(program);
  });

  it("is the same for all repositories with the same clients, in whatever order they are configured", () => {
    const packages = clientPackages([codex, claude, codex], "x64");
    expect(packages.map(({ client }) => client)).toEqual([claude, codex]);
    expect(clientPackages([claude, codex], "x64")).toEqual(packages);
  });

  it.each([
    "latest",
    "^2.1.328",
    "2.1",
    "",
    "2.1.328 --registry=https://evil.test",
    "file:/etc",
    "../../2.1.328",
    "2.1.328-../x",
    "https://evil.test/2.1.328.tgz",
    "2.1.328\n",
  ])("is refused for %j, which is no exact version", (version) => {
    const error = refusal([{ name: "claude", version }]);
    expect(error.code).toBe("refused.image");
    expect(error.message).toContain(JSON.stringify(version));
    expect(error.hint).toContain(PINNED_VERSIONS.claude);
  });

  it("is not refused for an exact version before a release", () => {
    const version = "0.170.0-alpha.1";
    expect(clientPackages([{ name: "codex", version }], "x64")[0]?.version).toBe(`${version}-linux-x64`);
  });

  it("is refused where two versions of one client would have the same path", () => {
    const error = refusal([codex, { name: "codex", version: "0.168.0" }]);
    expect(error.message).toContain("0.169.0 and 0.168.0");
  });
});
