/**
 * The collector: a small trusted program in a container without network that makes an attempt's trees and reads one
 * back when the agent is gone. It speaks frames on standard input and output (see core/collector-protocol.ts).
 *
 * It holds four capabilities and uses each for one thing: CHOWN to give a tree to the sandbox's user, SETUID and SETGID
 * to become that user for everything that writes, DAC_READ_SEARCH to read what the agent closed to others.
 */
import { chmod, chown, lstat, rmdir } from "node:fs/promises";
import type { CollectorReply, CollectorRequest, TreeName } from "../core/collector-protocol.ts";
import { encodeFrame, FrameReader, type Frame } from "../core/frame.ts";
import { ChangeWatch } from "./change-watch.ts";
import { copySet } from "./copy-set.ts";
import { measureTree } from "./measure.ts";
import { installedRoots } from "./installed.ts";
import { putFile, readFileOf, settleSet } from "./set-files.ts";
import { readIgnoreFiles, TreeGit, type FilledTree } from "./tree.ts";
import { walkTree } from "./walk.ts";

const TREES_PATH = process.argv[2] ?? "/trees";
const DEPENDENCIES_PATH = process.argv[3] ?? "/dependencies";
/** The one user who may have a tree, where another than the supervisor starts us; absent: whom the supervisor names. */
const TREE_USER = process.argv[4];
const TREES: readonly TreeName[] = ["agent", "verify", "dependencies"];
/** A set may be as large as it was allowed to become: it is measured to its end. */
const NO_LIMITS = { bytes: Infinity, inodes: Infinity };

function send(reply: CollectorReply, body?: Uint8Array): void {
  process.stdout.write(encodeFrame(reply, body));
}

async function* requests(): AsyncGenerator<{ request: CollectorRequest; body: Uint8Array }, undefined> {
  const reader = new FrameReader();
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    for (const frame of reader.push(chunk)) yield asRequest(frame);
  }
}

function asRequest(frame: Frame): { request: CollectorRequest; body: Uint8Array } {
  return { request: frame.header as CollectorRequest, body: frame.body };
}

type Requests = ReturnType<typeof requests>;

/** Copies the set into a tree. Whether that failed is learnt by whoever waits for it. */
function beginCopy(git: TreeGit): Promise<void> {
  const copied = copySet(git, DEPENDENCIES_PATH);
  copied.catch(() => undefined);
  return copied;
}

async function fill(
  input: Requests,
  order: Extract<CollectorRequest, { type: "fill" }>,
  copies: ReadonlyMap<TreeName, Promise<void>>,
): Promise<FilledTree> {
  const { root, user } = placeOf(order);
  await own(root, user);
  const git = new TreeGit(root, user);
  await git.init(order.objectFormat);
  // Packs go into .git alone. What the commit has is written after the copy, and over it.
  const copied = order.dependencies ? (copies.get(order.tree) ?? beginCopy(git)) : undefined;
  for (const end = { last: false }; !end.last;) await git.indexPack(onePack(input, end));
  await copied;
  await git.checkOut(order.commit);
  const entries = await git.entries(order.commit);
  return {
    root,
    objectFormat: order.objectFormat,
    entries,
    ignoreFiles: await readIgnoreFiles(root, entries),
    ...(order.dependencies
      ? { installed: { ...order.dependencies, roots: installedRoots(DEPENDENCIES_PATH, entries) } }
      : {}),
  };
}

/** A tree's folder. Whoever may start the launcher may say anything here, and could mean another folder. */
function rootOf(tree: TreeName): string {
  if (!TREES.includes(tree)) throw new Error("there is no tree of this name");
  return `${TREES_PATH}/${tree}`;
}

/** A tree's folder and its user, who is never root by somebody's mere wish. */
function placeOf({
  tree,
  uid,
  gid,
}: {
  readonly tree: TreeName;
  readonly uid: number;
  readonly gid: number;
}): {
  readonly root: string;
  readonly user: { readonly uid: number; readonly gid: number };
} {
  if (TREE_USER !== undefined && (uid !== Number(TREE_USER) || gid !== Number(TREE_USER)))
    throw new Error(`the trees of this collector are for the user ${TREE_USER} alone`);
  return { root: rootOf(tree), user: { uid, gid } };
}

/** Gives a tree's folder to the sandbox's user, and to nobody else. */
async function own(root: string, user: { readonly uid: number; readonly gid: number }): Promise<void> {
  // A tree with a file system of its own has it from the beginning.
  await rmdir(`${root}/lost+found`).catch(() => undefined);
  const stat = await lstat(root);
  if (stat.uid === user.uid && stat.gid === user.gid) return;
  await chmod(root, 0o700);
  await chown(root, user.uid, user.gid);
}

/** The bytes up to the next `pack-end`, which says in `end` whether it was the last. */
async function* onePack(input: Requests, end: { last: boolean }): AsyncIterable<Uint8Array> {
  for (;;) {
    const next = await input.next();
    if (next.done) throw new Error("the input ended inside a pack");
    const { request, body } = next.value;
    if (request.type === "pack") yield body;
    else if (request.type === "pack-end") {
      end.last = request.last;
      return;
    } else throw new Error(`${request.type} inside a pack`);
  }
}

async function main(): Promise<void> {
  const trees = new Map<TreeName, FilledTree>();
  const watches = new Map<TreeName, ChangeWatch>();
  /** Of the set, that were begun before the fill. */
  const copies = new Map<TreeName, Promise<void>>();
  const input = requests();
  send({ type: "ready" });
  for (;;) {
    const next = await input.next();
    if (next.done || next.value.request.type === "quit") return;
    const { request } = next.value;
    switch (request.type) {
      case "fill": {
        const tree = await fill(input, request, copies);
        trees.set(request.tree, tree);
        const watch = request.tree === "agent" ? new ChangeWatch(tree) : undefined;
        send({ type: "filled", tree: request.tree, entries: tree.entries.size });
        if (!watch) break;
        watches.set(request.tree, watch);
        watch.countBaseLines(); // the agent need not wait for it
        break;
      }
      case "copy-ahead": {
        const { root, user } = placeOf(request);
        await own(root, user);
        copies.set(request.tree, beginCopy(new TreeGit(root, user)));
        break;
      }
      case "measure": {
        const { bytes, inodes } = trees.get(request.tree)?.installed ?? { bytes: 0, inodes: 0 };
        const { limits } = request;
        const size = measureTree(
          rootOf(request.tree),
          { ...limits, bytes: limits.bytes + bytes, inodes: limits.inodes + inodes },
          watches.get(request.tree),
        );
        // What was installed before is nobody's doing here.
        send({
          type: "measured",
          ...size,
          bytes: Math.max(0, size.bytes - bytes),
          inodes: Math.max(0, size.inodes - inodes),
        });
        break;
      }
      case "put": {
        const { root, user } = placeOf(request);
        await own(root, user);
        await putFile(new TreeGit(root, user), { ...request, content: next.value.body });
        send({ type: "done" });
        break;
      }
      case "read": {
        const content = readFileOf(rootOf(request.tree), request.path, request.maxBytes);
        send({ type: "content", found: content !== undefined }, content);
        break;
      }
      case "settle": {
        const { root, user } = placeOf(request);
        await own(root, user);
        // A repository that a package has put there would say what git runs in every tree.
        await settleSet(new TreeGit(root, user), [".git", ...request.remove]);
        send({ type: "measured", ...measureTree(root, NO_LIMITS) });
        break;
      }
      case "capture": {
        const tree = trees.get(request.tree);
        if (!tree) throw new Error(`the tree "${request.tree}" was not filled`);
        for (const { reply, content } of walkTree(tree, request.limits, request.ignore)) send(reply, content);
        break;
      }
      case "pack":
      case "pack-end":
        throw new Error(`${request.type} outside a fill`);
    }
  }
}

try {
  await main();
} catch (error) {
  send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
process.stdin.destroy();
