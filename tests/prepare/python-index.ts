import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { RegistryAccess } from "../../src/core/registry-access.ts";
import { testCertificates } from "../gateway/test-certificates.ts";
import { RecordingServer } from "../registry/recording-server.ts";
import { CompanyProxy } from "./company-proxy.ts";
import { HOST } from "./private-registry.ts";
import { registryOf } from "./registry-of.ts";

const NAME = "index.test";
const USER = "builder";

/** A Python index on this machine with one package, `greeting`, as a wheel that is made here. */
export class PythonIndex {
  readonly server: RecordingServer;
  readonly sha256: string;
  private readonly ca: string;
  private readonly proxy: CompanyProxy;
  private readonly password: string | undefined;

  private constructor(options: {
    server: RecordingServer;
    ca: string;
    proxy: CompanyProxy;
    password: string | undefined;
  }) {
    this.server = options.server;
    this.ca = options.ca;
    this.proxy = options.proxy;
    this.password = options.password;
    const wheel = greetingWheel();
    this.sha256 = createHash("sha256").update(wheel).digest("hex");
    const file = "greeting-1.0.0-py3-none-any.whl";
    const wanted = `Basic ${Buffer.from(`${USER}:${this.password}`).toString("base64")}`;
    this.server.answer = (request, response) => {
      if (this.password !== undefined && request.headers.authorization !== wanted)
        response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else if (request.url === "/simple/greeting/") {
        response.setHeader("content-type", "text/html");
        response.end(`<a href="../../files/${file}#sha256=${this.sha256}">${file}</a>`);
      } else if (request.url === `/files/${file}`) response.end(wheel);
      else response.writeHead(404).end();
    };
  }

  static async start(password?: string): Promise<PythonIndex> {
    const certificates = testCertificates(`IP:${HOST},DNS:${NAME}`);
    const server = await RecordingServer.start(certificates, "0.0.0.0");
    const proxy = await CompanyProxy.start(new Map([[`${NAME}:443`, server.port]]));
    return new PythonIndex({ server, ca: certificates.ca, proxy, password });
  }

  access(): RegistryAccess {
    const url =
      this.password === undefined ? `https://${NAME}/simple` : `https://${HOST}:${this.server.port}/simple`;
    const credential = this.password === undefined ? null : { user: USER, value: this.password };
    return {
      registries: [registryOf({ kind: "pip", url, credential })],
      ca: this.ca,
      proxy: this.password === undefined ? this.proxy.url : null,
    };
  }

  close(): void {
    this.server.close();
    this.proxy.close();
  }
}

function greetingWheel(): Buffer {
  const info = "greeting-1.0.0.dist-info";
  return zip({
    "greeting.py": 'WORD = "hello"\n',
    [`${info}/METADATA`]: "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0.0\n",
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/RECORD`]: ["greeting.py", "METADATA", "WHEEL", "RECORD"]
      .map((name, at) => `${at === 0 ? name : `${info}/${name}`},,\n`)
      .join(""),
  });
}

/** An archive without compression. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const [bodies, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [path, content] = [Buffer.from(name), Buffer.from(text)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8); // 1980-01-01
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, path, content]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, tail, path]));
    bodies.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(bodies.length, 8);
  end.writeUInt16LE(bodies.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, entries, end]);
}
