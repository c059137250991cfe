import type Docker from "dockerode";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import { gatewayVolumeOptions } from "./container-spec.ts";

/** Makes the volume of a gateway's socket, and refuses one that is not what was asked for. */
export async function createSocketVolume(
  docker: Docker,
  { name, labels }: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
): Promise<void> {
  const options = gatewayVolumeOptions();
  try {
    await docker.createVolume({
      Name: name,
      Driver: "local",
      DriverOpts: { ...options },
      Labels: { ...labels },
    });
  } catch (error) {
    const message = `the engine could not make the volume of a gateway: ${messageOf(error)}`;
    throw new NightwardenError({ code: "infra.engine", message, cause: error });
  }
  const { Options } = await docker.getVolume(name).inspect();
  if (Object.entries(options).every(([key, value]) => Options?.[key] === value)) return;
  await docker.getVolume(name).remove();
  throw new NightwardenError({
    code: "refused.sandbox",
    message: "the engine made a volume for a gateway that is not in memory",
    hint: "Update the engine; see docs/containment.md.",
  });
}
