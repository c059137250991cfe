import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";

/** Runs a command in an image, as a sandbox would: without network, not as root, nothing to write to. */
export async function runInImage(
  docker: Docker,
  image: string,
  command: string,
): Promise<{ exitCode: number; output: string }> {
  const output = new PassThrough();
  const [{ StatusCode }, container] = (await docker.run(image, ["sh", "-c", command], output, {
    User: "64001:64001",
    HostConfig: { NetworkMode: "none", ReadonlyRootfs: true },
  })) as [{ StatusCode: number }, { remove(): Promise<void> }];
  output.end();
  await container.remove();
  return { exitCode: StatusCode, output: (await text(output)).trim() };
}
