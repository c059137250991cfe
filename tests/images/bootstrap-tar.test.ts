import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { extract, pack, type Header } from "tar-stream";
import { bootstrapTar } from "../../src/images/bootstrap-tar.ts";

let folder: string;
let entries: Header[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nw-bootstrap-"));
  const files = [
    await packageTar("one.tar", [
      { name: "./", type: "directory" },
      { name: "./bin/", type: "directory" },
      { name: "./bin/mount", type: "file", mode: 0o4755, uid: 0, gid: 7 },
      { name: "./usr/", type: "directory" },
      { name: "./usr/share/doc/one/", type: "directory" },
      { name: "./usr/share/doc/one/README", type: "file" },
      { name: "./etc/", type: "directory" },
    ]),
    await packageTar("two.tar", [
      { name: "./etc/", type: "directory" },
      { name: "./lib64/ld.so", type: "file" },
      { name: "./bin/again", type: "link", linkname: "./bin/mount" },
      { name: "./bin", type: "symlink", linkname: "usr/bin" },
      { name: "./library/", type: "directory" },
    ]),
  ];
  entries = await readHeaders(await buffer(bootstrapTar(files, "amd64")));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function packageTar(name: string, headers: (Partial<Header> & { name: string })[]): Promise<string> {
  const tar = pack();
  for (const header of headers) tar.entry(header, "");
  tar.finalize();
  const file = path.join(folder, name);
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar as AsyncIterable<Uint8Array>) chunks.push(chunk);
  await writeFile(file, Buffer.concat(chunks));
  return file;
}

async function readHeaders(tar: Buffer): Promise<Header[]> {
  const headers: Header[] = [];
  const reading = extract();
  reading.end(tar);
  for await (const entry of reading) {
    headers.push(entry.header);
    entry.resume();
  }
  return headers;
}

describe("the first files of a base image", () => {
  it("make /bin and /lib links into /usr before anything is in them", () => {
    const names = entries.map((entry) => entry.name);
    const link = entries.find((entry) => entry.name === "bin");
    expect(link).toMatchObject({ type: "symlink", linkname: "usr/bin" });
    expect(names.indexOf("bin")).toBeLessThan(names.indexOf("usr/bin/mount"));
    expect(names).toEqual(expect.arrayContaining(["usr/lib64/ld.so", "library"]));
  });

  it("keep the owners and modes that the packages give", () => {
    expect(entries.find((entry) => entry.name === "usr/bin/mount")).toMatchObject({ mode: 0o4755, gid: 7 });
  });

  it("follow a hard link to where its file went", () => {
    expect(entries.find((entry) => entry.name === "usr/bin/again")).toMatchObject({
      type: "link",
      linkname: "usr/bin/mount",
    });
  });

  it("name no path twice, because engines refuse that", () => {
    const names = entries.map((entry) => entry.name.replace(/\/$/, ""));
    expect(names).toEqual([...new Set(names)]);
  });

  it("leave documentation out", () => {
    expect(entries.filter((entry) => entry.name.includes("share/doc/"))).toEqual([]);
  });
});
