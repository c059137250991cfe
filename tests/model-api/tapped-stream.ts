import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * A connection whose every incoming byte is seen before anyone parses it. Node's HTTP server takes any duplex stream as
 * a connection; on the socket itself, its parser may read past every listener.
 */
export class TappedStream extends Duplex {
  private readonly socket: Socket;

  constructor(socket: Socket, onBytes: (bytes: Buffer) => void) {
    super({ allowHalfOpen: true });
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      onBytes(bytes);
      if (!this.push(bytes)) socket.pause();
    });
    socket.once("end", () => this.push(null));
    socket.once("error", (error) => this.destroy(error));
    socket.once("close", () => this.destroy());
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }
}
