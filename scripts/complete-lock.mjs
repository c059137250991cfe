#!/usr/bin/env node
// Completes package-lock.json after `npm install`, so that `npm ci` accepts it.
//
// A registry mirror may lack packages that are optional and for another platform. `npm install` then leaves them
// out of the lock without a word, and `npm ci` refuses the lock as incomplete. This adds an entry for each of
// them: name, exact version, os and cpu, marked optional, which is all that `npm ci` needs to pass it by.
//
// Run it after every change of dependencies: node scripts/complete-lock.mjs
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const packages = lock.packages;

const operatingSystems = new Map(
  ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"].map(
    (name) => [name, name],
  ),
);
for (const [alias, name] of [
  ["windows", "win32"],
  ["win", "win32"],
  ["linuxmusl", "linux"],
])
  operatingSystems.set(alias, name);
const processors = ["arm64", "riscv64", "ppc64", "s390x", "loong64", "mips64el", "arm", "ia32", "x64"];

/** Where Node would find `name` from the package at `from`, by the lock's own keys. */
function resolvedFrom(from, name) {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf("/node_modules/")))) {
    const key = `${base ? `${base}/` : ""}node_modules/${name}`;
    if (packages[key]) return key;
    if (!base) return undefined;
    if (!base.includes("/node_modules/")) base = "";
  }
}

let added = 0;
for (const [key, entry] of Object.entries({ ...packages })) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (resolvedFrom(key, name)) continue;
    const words = name.split("/").at(-1).split(/[-.]/);
    const os = words.map((word) => operatingSystems.get(word)).find(Boolean);
    const cpu = processors.find((processor) => words.some((word) => word.startsWith(processor)));
    if (!os && !cpu && words.some((word) => word.startsWith("wasm"))) continue;
    const here =
      os === process.platform && cpu === process.arch && !words.some((word) => word.includes("musl"));
    if (here) throw new Error(`${name} is for this machine and did not install: see the log of npm install`);
    packages[`node_modules/${name}`] = {
      version: range.replace(/^[\^~=]/, ""),
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      ...(os ? { os: [os] } : {}),
    };
    added += 1;
  }
}

lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`added ${added} optional packages of other platforms`);
