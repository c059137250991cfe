import { CONTROL, type LauncherMessage } from "../core/launcher-protocol.ts";
import { encodePiece } from "../core/piece.ts";

/** A message as the supervisor gets it. */
export function encodeMessage(message: LauncherMessage): Uint8Array {
  return encodePiece(CONTROL, Buffer.from(JSON.stringify(message)));
}
