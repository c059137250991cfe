// The demonstration's agent: it does what the prompt says, line by line, and understands nothing. It reads the prompt
// on standard input, works in the current folder, and needs neither a network nor a model.
//
//   edit FILE: replace "OLD" with "NEW"   replaces every OLD in FILE; both are JSON strings
//   write FILE:                           writes the lines that follow, indented by two, to FILE
//   append FILE:                          adds them at the end of FILE
//   say TEXT                              prints TEXT
//   sleep DURATION                        waits: 500ms, 5s, 10m
//   try-network                           tries to reach a host, and says how that went
//
// Every other line is prose, and is skipped. Exit 0 if all was done, 1 if something could not be.
import { lookup } from "node:dns/promises";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

const UNIT_MS = { ms: 1, s: 1000, m: 60_000 };

const INSTRUCTIONS = [
  { form: /^edit (\S+): replace ("(?:[^"\\]|\\.)*") with ("(?:[^"\\]|\\.)*")$/, run: edit },
  { form: /^write (\S+):$/, takesBlock: true, run: write },
  { form: /^append (\S+):$/, takesBlock: true, run: append },
  { form: /^say (.+)$/, run: (_block, words) => console.log(words) },
  { form: /^sleep (\d+)(ms|s|m)$/, run: (_block, count, unit) => sleep(Number(count) * UNIT_MS[unit]) },
  { form: /^try-network$/, run: tryNetwork },
];

async function edit(_block, file, oldText, newText) {
  const before = await readFile(file, "utf8");
  const after = before.replaceAll(JSON.parse(oldText), () => JSON.parse(newText));
  if (after === before) throw new Error(`${file} has no ${oldText}`);
  await writeFile(file, after);
}

async function write(block, file) {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, block);
}

async function append(block, file) {
  await appendFile(file, block);
}

/** Whether it works is not an error: the sandbox has no network, and an agent has to live with that. */
async function tryNetwork() {
  const attempts = {
    "a name": () => lookup("example.com"),
    "an address": () => reach("192.0.2.1", 80),
  };
  for (const [what, attempt] of Object.entries(attempts)) {
    const outcome = await attempt().then(
      () => "REACHED",
      (error) => `refused (${error.code})`,
    );
    console.log(`network: ${what}: ${outcome}`);
  }
}

function reach(host, port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 5000 });
    socket.once("connect", () => resolve(socket.destroy()));
    socket.once("timeout", () => socket.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })));
    socket.once("error", reject);
  });
}

/** The indented lines from `start` on, without their indentation, and where they end. */
function readBlock(lines, start) {
  let end = start;
  while (end < lines.length && (lines[end] === "" || lines[end].startsWith("  "))) end += 1;
  const block = lines.slice(start, end).map((line) => line.slice(2));
  while (block.at(-1) === "") block.pop();
  return { block: `${block.join("\n")}\n`, end };
}

const lines = (await text(process.stdin)).split("\n");
for (let at = 0; at < lines.length;) {
  const line = lines[at];
  at += 1;
  const instruction = INSTRUCTIONS.find(({ form }) => form.test(line));
  if (!instruction) continue;
  let block = "";
  if (instruction.takesBlock) ({ block, end: at } = readBlock(lines, at));
  console.log(`> ${line}`);
  try {
    await instruction.run(block, ...instruction.form.exec(line).slice(1));
  } catch (error) {
    console.log(`could not: ${error.message}`);
    process.exitCode = 1;
    break;
  }
}
