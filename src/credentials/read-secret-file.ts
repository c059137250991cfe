import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { systemCode } from "../lib/state-folder.ts";
import { CredentialRefusal } from "./credential-refusal.ts";

/** Far above any key, so that a wrong file is refused for what it is. */
const MAX_FILE_BYTES = 16 * 1024;
const READABLE_BY_OTHERS = 0o077;

/**
 * The text of a file that nobody but its owner can read, one character for each byte. The owner must be who we are, or
 * root. A link is followed, and what it leads to must be such a file; what is checked is what is read.
 */
export async function readSecretFile(path: string): Promise<string> {
  const handle = await openFile(path);
  try {
    const stats = await handle.stat();
    if (!stats.isFile())
      throw new CredentialRefusal("is not a regular file", "name a file that holds the key alone");
    const ourUid = process.getuid?.();
    if (ourUid !== undefined && stats.uid !== ourUid && stats.uid !== 0) {
      throw new CredentialRefusal(
        `belongs to the user with the id ${stats.uid}, who could change it`,
        `make a copy of your own, with the mode 0600, and name that`,
      );
    }
    if ((stats.mode & READABLE_BY_OTHERS) !== 0) {
      const mode = (stats.mode & 0o7777).toString(8).padStart(4, "0");
      throw new CredentialRefusal(
        `has the mode ${mode}, and others could read or change it`,
        `give it to its owner alone: chmod 600 ${path}`,
      );
    }
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(MAX_FILE_BYTES + 1),
      0,
      MAX_FILE_BYTES + 1,
      0,
    );
    if (bytesRead > MAX_FILE_BYTES) {
      throw new CredentialRefusal(
        `is larger than ${MAX_FILE_BYTES} bytes`,
        "leave the key in it, alone, on one line",
      );
    }
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK the opening of a FIFO would wait for its writer for ever.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new CredentialRefusal(
        "does not exist",
        `put the key into it, for you alone: (umask 077; cat > ${path})`,
      );
    }
    throw new CredentialRefusal(
      `cannot be read (${code ?? "unknown"})`,
      `it must be yours, and readable for you: ls -l ${path}`,
    );
  }
}
