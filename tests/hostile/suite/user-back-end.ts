import { readdirSync, readFileSync, rmSync } from "node:fs";
import type { EventData } from "../../../src/core/event.ts";
import { userUnderTest, type UserUnderTest } from "../../fixtures/user-under-test.ts";
import type { BackEnd, BareOptions } from "./back-end.ts";
import { DockerBackEnd } from "./docker-back-end.ts";

/**
 * The back end without an engine. Its controls run in a plain container, as those of the other one: a control does as root
 * what an attack tries, and this machine is not the place for that.
 */
export class UserBackEnd implements BackEnd {
  readonly name = "user";
  readonly under: UserUnderTest;
  /** Its launcher takes no order to run anything as uid 0. */
  readonly asRoot = undefined;
  private readonly plain: DockerBackEnd;

  constructor(under: UserUnderTest, plain: DockerBackEnd) {
    this.under = under;
    this.plain = plain;
  }

  static async open(name: string): Promise<UserBackEnd> {
    return new UserBackEnd(await userUnderTest(`hostile-${name}`), await DockerBackEnd.open(name));
  }

  async bare(command: readonly string[], options?: BareOptions): Promise<readonly string[]> {
    return await this.plain.bare(command, options);
  }

  /** The part of the attempt's token that is in the name of its control group. */
  markOf({ token }: EventData<"sandbox.started">): string {
    return token.slice(0, 8);
  }

  residue(sandboxes: readonly string[]): readonly string[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        const group = read(`/proc/${pid}/cgroup`);
        const isTheirs = sandboxes.some((id) => group.includes(id));
        return isTheirs ? [`process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll("\0", " ")}`] : [];
      });
  }

  async close(): Promise<void> {
    await this.plain.close();
    rmSync(this.under.root, { recursive: true, force: true });
  }
}

/** Empty where it has gone in between. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
