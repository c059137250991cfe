import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { guardEngine } from "../../src/engine/guard-engine.ts";
import { DockerGateways } from "../../src/sandbox/docker/docker-gateways.ts";
import { DockerSandboxes } from "../../src/sandbox/docker/docker-sandbox.ts";
import { DockerTrees } from "../../src/sandbox/docker/docker-trees.ts";
import { systemClock } from "../../src/lib/system-clock.ts";
import { newAttempt } from "../contract/sandboxes.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";

/** A way to the real engine that can be cut, or frozen, in the middle. */
class Way {
  readonly socketPath: string;
  private readonly folder = mkdtempSync(join(tmpdir(), "nw-way-"));
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(target: string) {
    this.socketPath = join(this.folder, "engine.sock");
    // Ending one direction must not end the other: that is how a container's input is closed.
    this.server = createServer({ allowHalfOpen: true }, (client) => {
      const engine = connect({ path: target, allowHalfOpen: true });
      client.pipe(engine).pipe(client);
      for (const socket of [client, engine]) {
        this.sockets.add(socket);
        socket.on("error", () => socket.destroy());
      }
    });
  }

  async open(): Promise<void> {
    this.server.listen(this.socketPath);
    await once(this.server, "listening");
  }

  /** As when the engine dies. */
  cut(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  /** As when the engine hangs: connections stay, and nothing comes or goes. */
  freeze(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
    this.server
      .removeAllListeners("connection")
      .on("connection", (socket: Socket) => this.sockets.add(socket));
  }

  dispose(): void {
    this.cut();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe("an engine that fails while an agent works", () => {
  let under: DockerUnderTest;
  let way: Way;
  beforeEach(async () => {
    under = await dockerUnderTest("broken-engine");
    way = new Way((under.docker.modem as unknown as { socketPath: string }).socketPath);
    await way.open();
  });
  afterEach(async () => {
    way.dispose();
    const { sweep } = await import("../../src/sandbox/docker/sweep.ts");
    await sweep(under.docker, { owners: [under.workspace] });
    expect(await under.leftovers()).toEqual([]);
  });

  /** An agent that says that it works and then hangs, over the way; `act` happens when it has said so. */
  async function runOverWay(act: (controller: AbortController) => void): Promise<unknown> {
    const docker = guardEngine(new Docker({ socketPath: way.socketPath }));
    const { workspace, collectorImage, image } = under;
    const clock = systemClock;
    const trees = new DockerTrees({ docker, collectorImage, workspace });
    const gateways = new DockerGateways({ docker, image, workspace });
    const sandboxes = new DockerSandboxes({ docker, trees, gateways, clock, workspace });
    const attempt = newAttempt();
    const open = await trees.open({ attempt, slot: 0 });
    const place = { attempt, image, trees: open, limits: TEST_LIMITS, slot: 0 };
    const sandbox = await sandboxes.start({ ...place, role: "agent", tree: "agent" });
    const controller = new AbortController();
    return await sandbox.run(
      {
        commands: [["sh", "-c", "echo here; sleep 600"]],
        env: {},
        stdin: "",
        wallClockMs: 300_000,
        outputBytes: 2 ** 20,
        onLine: () => act(controller),
      },
      controller.signal,
    );
  }

  it("and dies is noticed at once, and is the machinery's failure", async () => {
    const started = performance.now();
    await expect(runOverWay(() => way.cut())).rejects.toMatchObject({ code: "infra.engine" });
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  it("and hangs does not hold up a stop for ever", async () => {
    const running = runOverWay((controller) => {
      way.freeze();
      controller.abort();
    });
    await expect(running).rejects.toMatchObject({ code: "infra.engine" });
  });
});
