import type { Residue } from "./residue.ts";

/** What a person can do where we could not remove something. Names are ours, or escaped where this is shown. */
export function removalHint({ kind, name }: Pick<Residue, "kind" | "name">): string {
  switch (kind) {
    case "container":
      return `See what the engine says: docker rm --force ${name}. If it hangs, restart the engine.`;
    case "volume":
      return `See which container holds it: docker ps --all --filter volume=${name}. Remove that one if it is yours.`;
    case "network":
      return `See what is on it: docker network inspect ${name}`;
    case "process":
      return `It does not end by SIGKILL, so it waits for a disk or a driver. See it with ps -o pid,stat,wchan,args; at last, restart the machine.`;
    case "mount":
      return `See what holds it: fuser --verbose --mount ${name}. Then: umount ${name}`;
    case "loop-device":
      return `See what it is attached to: losetup --list. Then: losetup --detach ${name}`;
    case "bytes":
      return "Make room and repair again; the shadow can be deleted while no night is open and none is undelivered.";
    case "folder":
    case "lock":
    case "ref":
    case "file":
      return `See who owns it and whether the disk is writable; it lies in .nightwarden: ${name}`;
  }
}
