import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { RegistryAccess } from "../../src/core/registry-access.ts";
import { CompanyProxy } from "./company-proxy.ts";
import { registryOf } from "./registry-of.ts";
import { testCertificates } from "../gateway/test-certificates.ts";
import { RecordingServer } from "../registry/recording-server.ts";

/** Where containers find a server of this machine that listens on all its addresses. */
export const HOST = "172.17.0.1";
/** What it is called by those who come through the proxy: no server of names knows it. */
const NAME = "registry.test";

export interface PublishedPackage {
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

interface Published extends PublishedPackage {
  readonly tarball: Buffer;
  readonly integrity: string;
}

/** A registry of npm's on this machine, over TLS with its own authority, which asks for a token if it has one. */
export class PrivateRegistry {
  readonly server: RecordingServer;
  readonly ca: string;
  readonly token: string | undefined;
  private readonly packages: readonly Published[];
  private readonly proxy: CompanyProxy;

  private constructor(options: {
    server: RecordingServer;
    ca: string;
    token: string | undefined;
    packages: readonly Published[];
    proxy: CompanyProxy;
  }) {
    this.proxy = options.proxy;
    this.server = options.server;
    this.ca = options.ca;
    this.token = options.token;
    this.packages = options.packages;
    this.server.answer = (request, response) => {
      const isAllowed = this.token === undefined || request.headers.authorization === `Bearer ${this.token}`;
      const found = this.packages.find(
        ({ name, version }) =>
          request.url === `/npm/${name}` || request.url === `/npm/${name}/-/${name}-${version}.tgz`,
      );
      if (!isAllowed) response.writeHead(401).end("who are you?");
      else if (!found) response.writeHead(404).end("{}");
      else if (request.url?.endsWith(".tgz")) response.end(found.tarball);
      else {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(this.document(found)));
      }
    };
  }

  static async start(options: {
    readonly packages: readonly PublishedPackage[];
    readonly token?: string;
  }): Promise<PrivateRegistry> {
    const certificates = testCertificates(`IP:${HOST},DNS:${NAME}`);
    const server = await RecordingServer.start(certificates, "0.0.0.0");
    const packages = await Promise.all(options.packages.map(publish));
    const proxy = await CompanyProxy.start(new Map([[`${NAME}:443`, server.port]]));
    return new PrivateRegistry({ server, ca: certificates.ca, token: options.token, packages, proxy });
  }

  /** With a token, an address; without, a name that leads through the company's proxy. */
  get url(): string {
    return this.token === undefined ? `https://${NAME}/npm` : `https://${HOST}:${this.server.port}/npm`;
  }

  access(token = this.token): RegistryAccess {
    const credential = token === undefined ? null : { user: null, value: token };
    return {
      registries: [registryOf({ url: this.url, credential })],
      ca: this.ca,
      proxy: token === undefined ? this.proxy.url : null,
    };
  }

  /** Lets a further name lead through the proxy. */
  also(name: string, port: number): void {
    this.proxy.targets.set(`${name}:443`, port);
  }

  /** The two files of a project that depends on these packages. Absent: on all. */
  project(names?: readonly string[]): Record<"package.json" | "package-lock.json", string> {
    const packages = this.packages.filter(({ name }) => names?.includes(name) ?? true);
    const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
    const root = { name: "app", version: "1.0.0", dependencies };
    const locked = packages.map(({ name, version, integrity, files }) => [
      `node_modules/${name}`,
      {
        version,
        resolved: `${this.url}/${name}/-/${name}-${version}.tgz`,
        integrity,
        ...(files["package.json"]?.includes("postinstall") ? { hasInstallScript: true } : {}),
      },
    ]);
    const lock = {
      name: "app",
      version: "1.0.0",
      lockfileVersion: 3,
      requires: true,
      packages: { "": root, ...Object.fromEntries(locked) },
    };
    return {
      "package.json": `${JSON.stringify(root, null, 2)}\n`,
      "package-lock.json": `${JSON.stringify(lock, null, 2)}\n`,
    };
  }

  close(): void {
    this.server.close();
    this.proxy.close();
  }

  private document({ name, version, integrity }: Published): object {
    const dist = { tarball: `${this.url}/${name}/-/${name}-${version}.tgz`, integrity };
    return { name, "dist-tags": { latest: version }, versions: { [version]: { name, version, dist } } };
  }
}

async function publish(written: PublishedPackage): Promise<Published> {
  const archive = pack();
  for (const [name, content] of Object.entries(written.files))
    archive.entry({ name: `package/${name}` }, content);
  archive.finalize();
  const tarball = gzipSync(await buffer(archive));
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  return { ...written, tarball, integrity };
}

/** A package that says a word. */
export function wordPackage(name: string, word: string, more: object = {}): PublishedPackage {
  const manifest = { name, version: "1.0.0", main: "index.js", ...more };
  return {
    name,
    version: "1.0.0",
    files: {
      "package.json": JSON.stringify(manifest),
      "index.js": `module.exports = ${JSON.stringify(word)};\n`,
    },
  };
}
