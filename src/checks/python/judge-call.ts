import type { SgNode } from "@ast-grep/napi";
import type { FindingLevel } from "../../core/finding.ts";
import { expressionsIn } from "./fold-constant.ts";
import { argumentsOf } from "./names.ts";
import type { PythonSource } from "./python-source.ts";

const SHELLS = /(?:^|\/)(?:ba|da|z|k|c|tc|fi)?sh$|^(?:cmd|powershell|pwsh)(?:\.exe)?$/i;
const SAFE_LOADERS = /(?:^|\.)(?:C?SafeLoader|C?BaseLoader|RoundTripLoader)$/;

/**
 * The level that the arguments of a call decide. `node` is what names the callee, or the call. Undefined: it is not
 * called here, or its arguments say nothing.
 */
export function judgeCall(path: string, node: SgNode, source: PythonSource): FindingLevel | undefined {
  const call = node.kind() === "call" ? node : node.parent();
  if (call?.kind() !== "call" || (call.id() !== node.id() && call.field("function")?.id() !== node.id()))
    return undefined;
  const args = argumentsOf(call);
  switch (path) {
    case "subprocess.run":
    case "subprocess.call":
    case "subprocess.check_call":
    case "subprocess.check_output":
    case "subprocess.Popen":
      return runsShell(args, source) ? "block" : undefined;
    case "yaml.load":
    case "yaml.load_all": {
      const loader = keyword(args, "Loader") ?? args[1];
      return loader && SAFE_LOADERS.test(loader.text()) ? undefined : "block";
    }
    case "torch.load":
      return keyword(args, "weights_only")?.text() === "True" ? undefined : "warn";
    case "numpy.load":
      return (keyword(args, "allow_pickle") ?? args[2])?.text() === "True" ? "block" : undefined;
    default:
      return undefined;
  }
}

function runsShell(args: readonly SgNode[], source: PythonSource): boolean {
  const shell = keyword(args, "shell");
  if (shell && shell.text() !== "False") return true;
  const [first] = args;
  if (first?.kind() !== "list" && first?.kind() !== "tuple") return false;
  const words = expressionsIn(first).map((word) => source.folder.text(word));
  return words[0] !== undefined && SHELLS.test(words[0]) && words.includes("-c");
}

function keyword(args: readonly SgNode[], name: string): SgNode | undefined {
  const found = args.find((arg) => arg.kind() === "keyword_argument" && arg.field("name")?.text() === name);
  return found?.field("value") ?? undefined;
}
