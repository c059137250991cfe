import type { SgNode } from "@ast-grep/napi";

/** How many commands of a pipeline are looked back at. */
const MAX_UPSTREAM = 30;
/** What is inside of them has an input of its own. */
const OWN_INPUT: ReadonlySet<string> = new Set([
  "command_substitution",
  "process_substitution",
  "function_definition",
]);

interface Part {
  readonly start: number;
  readonly end: number;
}

/** What a command reads: the stages before it in its pipeline, and in those around it. */
interface Place {
  readonly before: readonly Part[];
  readonly around: Place | undefined;
}

/**
 * For each command of a script, by its node's id, those whose output it reads, as places in `commands`: of its own pipeline first. A
 * tree is walked from above: to ask a node for what it stands in costs more the deeper it is.
 */
export function upstreamCommands(root: SgNode, commands: readonly SgNode[]): ReadonlyMap<number, number[]> {
  const upstream = new Map<number, number[]>();
  const pipelines = root.findAll({ rule: { kind: "pipeline" } });
  if (pipelines.length === 0) return upstream;
  const starts = commands.map((node) => node.range().start.index);
  const ids = new Set(commands.map((node) => node.id()));
  let walkedTo = -1;
  for (const pipeline of pipelines) {
    // The outer ones come first, and were walked with what is in them.
    const { start, end } = pipeline.range();
    if (start.index < walkedTo) continue;
    walkedTo = end.index;
    const open: { node: SgNode; place: Place | undefined }[] = [{ node: pipeline, place: undefined }];
    for (let next = open.pop(); next; next = open.pop()) {
      const { node, place } = next;
      const kind = String(node.kind());
      if (ids.has(node.id()) && place) upstream.set(node.id(), commandsBefore(place, starts));
      const inner = OWN_INPUT.has(kind) ? undefined : place;
      if (kind !== "pipeline") for (const child of node.children()) open.push({ node: child, place: inner });
      else open.push(...stagesOf(node, inner));
    }
  }
  return upstream;
}

function stagesOf(pipeline: SgNode, around: Place | undefined): { node: SgNode; place: Place }[] {
  const stages = pipeline.children();
  const parts = stages.map(partOf);
  const heredoc = bodyOfHeredoc(pipeline);
  return stages.map((node, at) => {
    const before = parts.slice(Math.max(0, at - MAX_UPSTREAM), at);
    return { node, place: { before: heredoc ? [...before, heredoc] : before, around } };
  });
}

/** `cat <<END | sh`: the grammar has the pipeline inside of the here-document. */
function bodyOfHeredoc(pipeline: SgNode): Part | undefined {
  const parent = pipeline.parent();
  const body = parent?.kind() === "heredoc_redirect" ? parent.parent()?.field("body") : undefined;
  return body ? partOf(body) : undefined;
}

function partOf(node: SgNode): Part {
  const { start, end } = node.range();
  return { start: start.index, end: end.index };
}

function commandsBefore(place: Place, starts: readonly number[]): number[] {
  const found: number[] = [];
  for (let at: Place | undefined = place; at && found.length < MAX_UPSTREAM; at = at.around) {
    for (const { start, end } of at.before) {
      const first = firstFrom(starts, start);
      for (let index = first; index < first + MAX_UPSTREAM && (starts[index] ?? end) < end; index += 1)
        found.push(index);
    }
  }
  return found.slice(0, MAX_UPSTREAM);
}

/** The first place in a rising list that is not below `value`. */
function firstFrom(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
