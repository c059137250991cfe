import type { CapturedCommit, Repository } from "../../src/contracts/repository.ts";
import { pathToText } from "../../src/core/collector-protocol.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { countLines } from "./merge-texts.ts";
import type { MemoryObjects, TreeChange } from "./memory-objects.ts";

/** Makes a commit of what a collector found, and counts as git would. */
export async function captureCommit(
  objects: MemoryObjects,
  options: Parameters<Repository["commitCapture"]>[0],
): Promise<CapturedCommit> {
  const { base, start = base, message, records } = options;
  const before = objects.commit(start).tree;
  const changes: TreeChange[] = [];
  const facts = { added: 0, changed: 0, deleted: 0, unchanged: 0, ignored: 0, bytes: 0 };
  const lines = { insertions: 0, deletions: 0 };
  const refused: { path: string; reason: string }[] = [];
  let overLimit: CapturedCommit["overLimit"] = null;
  let isWhole = false;
  for await (const { reply, content } of records) {
    switch (reply.type) {
      case "entry":
      case "deleted": {
        const path = pathToText(reply.path);
        const old = before.get(path);
        const text = old ? objects.content(old.oid).toString("latin1") : "";
        const after = reply.type === "entry" ? Buffer.from(content) : Buffer.alloc(0);
        const file =
          reply.type === "entry" ? { oid: objects.blob(after), executable: reply.mode === "100755" } : null;
        changes.push([path, file]);
        const counted = countLines(text, after.toString("latin1"));
        lines.insertions += counted.insertions;
        lines.deletions += counted.deletions;
        facts.bytes += after.length;
        facts[file === null ? "deleted" : old ? "changed" : "added"] += 1;
        break;
      }
      case "refused":
        refused.push({ path: pathToText(reply.path), reason: reply.reason });
        break;
      case "over-limit":
        overLimit = { limit: reply.limit, value: reply.value };
        isWhole = true;
        break;
      case "captured":
        facts.unchanged = reply.unchanged;
        facts.ignored = reply.ignored;
        isWhole = facts.unchanged + facts.changed + facts.deleted === before.size;
        if (reply.baseEntries !== before.size) isWhole = false;
    }
  }
  if (!isWhole) throw new NightwardenError({ code: "infra.collector", message: "the numbers do not add up" });
  const captured = objects.make(start, overLimit ? [] : changes, message);
  const found = { ...facts, ...lines, refused, overLimit };
  if (overLimit || captured.treeId === objects.commit(base).treeId) return { commit: null, ...found };
  if (start === base) return { commit: captured.id, ...found };
  return { commit: objects.make(base, objects.changes(base, captured.id), message).id, ...found };
}
