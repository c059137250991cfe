import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { LABEL_DEPENDENCIES } from "../../src/sandbox/docker/container-spec.ts";
import { engine } from "../fixtures/cli-engine.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { PrivateRegistry, wordPackage } from "../prepare/private-registry.ts";

const TOKEN = "npm_SENTINELsentinel0123456789ABCDEF";
let registry: PrivateRegistry | undefined;
let owner: string | undefined;

/** Sets outlive their night on purpose: those of a test do not. */
afterEach(async () => {
  registry?.close();
  if (owner === undefined) return;
  const { docker } = await engine();
  const filters = { label: [`${LABEL_DEPENDENCIES}=${owner}`] };
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes ?? [])
    await docker.getVolume(Name).remove();
});

describe("a workspace with a private registry", () => {
  it("installs with the configured secret, which is in nothing that the night leaves, and refuses without it", async () => {
    registry = await PrivateRegistry.start({ packages: [wordPackage("word", "hello")], token: TOKEN });
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "greet", agent: "node -p 'require(\"word\")' > greeting.txt" }],
      repositories: {
        app: {
          files: registry.project(),
          verify: [
            'node -e \'if (require("word") !== "hello") process.exit(1)\'',
            "test ! -e greeting.txt || grep -qx hello greeting.txt",
          ],
        },
      },
    });
    writeFileSync(join(workspace.folder, "ca.pem"), registry.ca);
    appendFileSync(
      join(workspace.folder, "nightwarden.yaml"),
      `registries: [{ kind: npm, url: "${registry.url}", credential: { env: REGISTRY_TOKEN } }]\nnetwork: { caFile: ca.pem }\n`,
    );

    const refused = await workspace.night();
    owner = workspace.id();
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain("REGISTRY_TOKEN is not set");

    const wrong = await workspace.start(["run", "--attended"], { env: { REGISTRY_TOKEN: "a-wrong-token" } })
      .ended;
    expect(wrong.exitCode).toBe(3);
    expect(wrong.stderr).toContain('the dependencies of "app" cannot be installed: npm ci (exit code 1)');
    expect(wrong.stderr).toContain("401");

    const right = await workspace.start(["run", "--attended"], { env: { REGISTRY_TOKEN: TOKEN } }).ended;
    expect(right).toMatchObject({ exitCode: 0 });
    expect(right.stderr).toContain("app: installing its dependencies");
    expect(workspace.landedTitles()).toEqual(["Do greet"]);
    const seen = [right.stdout, right.stderr, JSON.stringify(await workspace.verifiedEvents())].join("\n");
    expect(seen).not.toContain(TOKEN);
    expect(workspace.eventsOf("prepare.finished").map(({ result }) => result)).toEqual(["prepared"]);
  });
});
