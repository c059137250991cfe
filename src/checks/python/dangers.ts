import type { SgNode } from "@ast-grep/napi";
import { isCalled, REMOVERS, SENDERS, WRITERS } from "./dangerous-words.ts";
import { judgeDeletion } from "./judge-deletion.ts";
import { judgeSending, knowsNetwork } from "./judge-sending.ts";
import { judgeText } from "./judge-text.ts";
import type { PythonSource } from "./python-source.ts";
import type { Report } from "./reach.ts";

/** A file without such a path writes nothing that counts. */
const SYSTEM_PATHS = /["'](?:\/(?:etc|usr|s?bin|lib|boot|root|sys|proc|dev)\b|~|\.git\b|\/["']|[A-Za-z]:)/;

/** Operations of which the arguments decide: files taken away, secrets sent, places that must not be touched. */
export function findDangers(source: PythonSource, report: Report): void {
  const { text } = source;
  const known = new Set([
    ...REMOVERS,
    ...(SYSTEM_PATHS.test(text) ? WRITERS : []),
    ...(knowsNetwork(source) ? SENDERS : []),
  ]);
  // `from shutil import rmtree as clean`.
  const aliases = new Map(
    source.imports.flatMap(({ names }) =>
      names.flatMap(({ name, as }) => (name !== as && known.has(name) ? [[as, name] as const] : [])),
    ),
  );
  const words = [
    ...source.dangerousWords.filter((word) => known.has(word)),
    ...[...aliases.keys()].filter((word) => isCalled(word, text)),
  ];
  for (const identifier of source.identifiers(words)) {
    const call = callOf(identifier);
    if (!call) continue;
    const written = identifier.text();
    const name = aliases.get(written) ?? written;
    if (REMOVERS.includes(name) || WRITERS.includes(name)) judgeDeletion(call, name, source, report);
    if (SENDERS.includes(name)) judgeSending(call, name, source, report);
  }
  judgeText(source, report);
}

/** The call of what has the identifier for its last name. */
function callOf(identifier: SgNode): SgNode | undefined {
  let node = identifier;
  let parent = node.parent();
  if (parent?.kind() === "attribute" && parent.field("attribute")?.id() === node.id()) {
    node = parent;
    parent = node.parent();
  }
  return parent?.kind() === "call" && parent.field("function")?.id() === node.id() ? parent : undefined;
}
