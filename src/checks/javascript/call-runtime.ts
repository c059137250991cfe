import { bytesOf, encode, foldGlobalCall } from "./fold-method.ts";
import type { Follow } from "./follow.ts";
import { canonicalPath, modulePath } from "./runtime-paths.ts";
import { elementsOf } from "./value-parts.ts";
import { asText, HOLE, path, text, textsOf, UNKNOWN, type Values } from "./values.ts";

const INVOKED = /^(.+)\.(call|apply|bind)$/;

/** What a function of the runtime gives for arguments of which something is known. Empty: not known. */
export function callRuntime(callee: string, values: readonly Values[], follow: Follow): Values {
  // What packages do is not known, and most calls are of theirs.
  if (callee.startsWith("npm:") && !INVOKED.test(callee)) return UNKNOWN;
  const first = values[0] ?? UNKNOWN;
  const folded = foldGlobalCall(callee, values);
  if (folded) return [folded];
  switch (callee) {
    case "require":
    case "process.getBuiltinModule":
    case "node:module._load":
    case "vi.importActual":
      return textsOf(first).map((each) => path(modulePath(each)));
    case "node:module.createRequire":
    case "node:module.createRequireFromPath":
      return [path("require")];
    case "require.bind":
      return [path("require")];
    case "Reflect.get":
      return (values[1] ?? []).flatMap((each) => follow.memberOf(first, asText(each) ?? HOLE));
    case "Reflect.apply":
      return first.flatMap((each) => follow.call(each, elementsOf(values[2] ?? UNKNOWN)));
    case "Object.getOwnPropertyDescriptor":
    case "Reflect.getOwnPropertyDescriptor": {
      const found = (values[1] ?? []).flatMap((each) => follow.memberOf(first, asText(each) ?? HOLE));
      return [{ kind: "holder", key: "value", values: found }];
    }
    case "Object.getPrototypeOf":
    case "Reflect.getPrototypeOf":
      return follow.memberOf(first, "__proto__");
    case "Object":
    case "Object.freeze":
    case "Object.seal":
    case "Promise.resolve":
    case "structuredClone":
      return first;
    case "Object.create":
    case "Object.assign":
      return values.flat();
    case "Array.from":
    case "Array.of": {
      const items = callee === "Array.of" ? values : elementsOf(first);
      const map = values[1]?.[0];
      return [
        {
          kind: "list",
          items: map && callee === "Array.from" ? items.map((each) => follow.call(map, [each])) : items,
        },
      ];
    }
    case "Object.values":
    case "Object.keys":
      return [
        { kind: "list", items: callee === "Object.keys" ? follow.keysOf(first) : follow.valuesIn(first) },
      ];
    case "Buffer.from":
    case "Uint8Array.from":
    case "Uint8Array.of": {
      const bytes = bytesOf(
        callee === "Uint8Array.of" ? { kind: "list", items: values } : first[0],
        asText(values[1]?.[0]),
      );
      return bytes ? [{ kind: "bytes", bytes }] : UNKNOWN;
    }
    case "new TextDecoder.decode": {
      const bytes = bytesOf(first[0], undefined);
      return bytes ? [text(encode(bytes, undefined))] : UNKNOWN;
    }
    case "new TextEncoder.encode": {
      const bytes = bytesOf(first[0], undefined);
      return bytes ? [{ kind: "bytes", bytes }] : UNKNOWN;
    }
    case "URL.createObjectURL":
      return [text(`blob:${HOLE}`)];
    case "node:os.homedir":
      return [text("~")];
    case "process.cwd":
      return [text(".")];
    case "node:os.tmpdir":
      return [text("/tmp/")];
    case "node:path.join":
    case "node:path.resolve": {
      const parts = values.map((each) => asText(each[0]) ?? HOLE);
      return [text(joinPaths(parts, callee.endsWith("resolve")))];
    }
    case "node:path.normalize":
    case "node:fs.realpathSync":
    case "node:url.fileURLToPath":
    case "node:url.pathToFileURL":
      return first;
    default:
  }
  const invoker = INVOKED.exec(callee);
  if (invoker?.[1] !== undefined) {
    const target = canonicalPath(invoker[1]);
    if (invoker[2] === "bind") return [path(target)];
    const passed = invoker[2] === "call" ? values.slice(1) : elementsOf(values[1] ?? UNKNOWN);
    return callRuntime(target, passed, follow);
  }
  return UNKNOWN;
}

function joinPaths(parts: readonly string[], fromLast: boolean): string {
  const absolute = fromLast ? parts.findLastIndex((each) => each.startsWith("/") || each.startsWith("~")) : 0;
  return parts.slice(Math.max(0, absolute)).join("/").replaceAll(/\/+/g, "/");
}
