import { NightwardenError } from "../core/nightwarden-error.ts";
import { pfAnchor, type PfSlot } from "../core/pf-anchor.ts";
import { seatbeltProfile, type SeatbeltOptions } from "../core/seatbelt-profile.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";

interface ProfileOptions {
  readonly writable: readonly string[];
  readonly toolchain: readonly string[];
  readonly socket?: string;
  readonly port?: string;
}

/** `nightwarden ops macos-profile`: what `ops/macos/setup` gives to sandbox-exec. */
export async function macosProfileCommand(
  { terminal }: CommandContext,
  options: ProfileOptions,
): Promise<number> {
  const { writable, toolchain } = options;
  terminal.data(seatbeltProfile({ writable, toolchain, gateway: gatewayOf(options) }));
  return EXIT.done;
}

/** `nightwarden ops macos-pf`: what `ops/macos/setup` gives to pf. */
export async function macosPfCommand(
  { terminal }: CommandContext,
  options: { readonly slot: readonly string[] },
): Promise<number> {
  terminal.data(pfAnchor(options.slot.map(slotOf)));
  return EXIT.done;
}

function gatewayOf({ socket, port }: ProfileOptions): SeatbeltOptions["gateway"] {
  if (socket !== undefined && port === undefined) return { socket };
  if (port !== undefined && socket === undefined) return { port: numberOf(port) };
  throw new NightwardenError({
    code: "usage.arguments",
    message: "a sandbox has one way out",
    hint: "give either --socket or --port",
  });
}

function slotOf(text: string): PfSlot {
  const [user = "", ...port] = text.split(":");
  return { user, port: port.length === 0 ? null : numberOf(port.join(":")) };
}

/** NaN where it is none, which is no port either. */
function numberOf(text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
}
