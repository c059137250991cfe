import type { Socket } from "node:net";

/** When a connection is closed, with an error or without one. */
export async function untilClosed(socket: Socket): Promise<void> {
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}
