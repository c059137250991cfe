import { Argument, Command, CommanderError, Option } from "commander";
import { CLIENTS } from "../core/client.ts";
import type { GuardDrillId } from "../core/guard-drills.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { safeBlock } from "../core/safe-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT, exitCodeOfError } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";
import { processTerminal } from "./terminal.ts";

type Action<Args extends unknown[]> = (context: CommandContext, ...args: Args) => Promise<number>;

/** Reads the command line, runs the command, and returns the exit code. Never throws. */
export async function runCommandLine(argv: readonly string[], version: string): Promise<number> {
  const terminal = processTerminal();
  let exitCode: number = EXIT.done;
  const program = new Command("nightwarden")
    .description(
      "Works through a queue of small coding tasks at night: contained, checked, landed or rolled back.",
    )
    .version(version, "-V, --version")
    .option("-C, --workspace <folder>", "the folder with nightwarden.yaml", ".")
    .configureOutput({ writeOut: (text) => terminal.data(text), writeErr: (text) => terminal.progress(text) })
    .showSuggestionAfterError()
    .showHelpAfterError("(nightwarden --help lists the commands)")
    .exitOverride();
  program.configureHelp({ sortSubcommands: false });

  /** Makes a commander action of a command that is loaded when it is needed. */
  const action =
    <Args extends unknown[]>(load: () => Promise<Action<Args>>) =>
    async (...args: unknown[]): Promise<void> => {
      const { workspace } = program.opts<{ workspace: string }>();
      const run = await load();
      // Commander hands over the arguments, then the options, then the command itself.
      exitCode = await run({ terminal, version, workspaceDir: workspace }, ...(args.slice(0, -1) as Args));
    };
  const guardDrill = (id: GuardDrillId): ReturnType<typeof action> =>
    action(async () => {
      const { drillGuardCommand } = await import("./drill-guard-command.ts");
      return async (context, options: { readonly json?: true }) =>
        await drillGuardCommand(context, id, options);
    });
  const json = new Option("--json", "print one JSON object on standard output (docs/json.md)");

  program
    .command("init")
    .description("write a commented nightwarden.yaml and tasks.yaml into the workspace folder")
    .option("--repo <path...>", "a git repository to work on; default: those in or beside the folder")
    .addOption(
      new Option("--agent <kind>", "what does the tasks: a client, or any command of yours")
        .choices(["command", ...CLIENTS])
        .default("command"),
    )
    .option("--force", "overwrite files that exist", false)
    .addHelpText(
      "after",
      example("mkdir app-night && cd app-night && nightwarden init --repo ../app --agent claude"),
    )
    .action(action(async () => (await import("./init-command.ts")).initCommand));
  program
    .command("check")
    .description("validate configuration, plan, repositories, engine and images; start no agent")
    .addOption(json)
    .addHelpText("after", example("nightwarden check"))
    .action(action(async () => (await import("./check-command.ts")).checkCommand));
  program
    .command("doctor")
    .description("run the health checks that every night begins with, up to a first answer of each model")
    .option("--no-hello", "send no dummy prompt to the models, which costs tokens")
    .option("--repair", "instead, remove what is left of earlier nights, and say what could not be removed")
    .addOption(json)
    .addHelpText("after", example("nightwarden doctor --no-hello"))
    .action(action(async () => (await import("./doctor-command.ts")).doctorCommand));
  const drill = program.command("drill").description("planned failures, to see that a guard fires");
  drill
    .command("containment")
    .description("attack a sandbox as an agent could, each attack with a control; recorded")
    .addOption(json)
    .addHelpText("after", example("nightwarden drill containment"))
    .action(action(async () => (await import("./drill-containment-command.ts")).drillContainmentCommand));
  drill
    .command("dangerous-symbol")
    .description("run a night in which a change runs text as code: it must be blocked; recorded")
    .addOption(json)
    .addHelpText("after", example("nightwarden drill dangerous-symbol"))
    .action(guardDrill("dangerous-symbol"));
  drill
    .command("failing-test")
    .description("run a night in which a change breaks a test: it must be rolled back; recorded")
    .addOption(json)
    .addHelpText("after", example("nightwarden drill failing-test"))
    .action(guardDrill("failing-test"));
  drill
    .command("forbidden-import")
    .description("run a night in which a change imports what nothing declares; recorded")
    .addOption(json)
    .addHelpText("after", example("nightwarden drill forbidden-import"))
    .action(guardDrill("forbidden-import"));
  drill
    .command("two-failures")
    .description("run a night in which two tasks in a row fail: all must stop; recorded")
    .addOption(json)
    .addHelpText("after", example("nightwarden drill two-failures"))
    .action(guardDrill("two-failures"));
  drill
    .command("all")
    .description("these four, one after the other: what phase 2a asks for")
    .addOption(json)
    .addHelpText("after", example("nightwarden drill all"))
    .action(action(async () => (await import("./drill-guard-command.ts")).drillAllCommand));
  drill
    .command("docker")
    .description(
      "the Docker trial: models answer through the gateway, 3 small tasks, starts measured; recorded",
    )
    .addOption(json)
    .addHelpText("after", example("nightwarden drill docker"))
    .action(action(async () => (await import("./drill-docker-command.ts")).drillDockerCommand));
  program
    .command("run")
    .description("work through the tasks now")
    .option("--attended", "a person watches; recorded (default: whether standard input is a terminal)")
    .option("--verbose", "show what the agents print", false)
    .addOption(json)
    .addHelpText("after", example("nightwarden run"))
    .action(action(async () => (await import("./run-command.ts")).runCommand));
  program
    .command("inspect")
    .argument("[range]", "two commits or branches: BASE..HEAD; a base alone means up to HEAD")
    .description("say what the checks find in a change of any repository; start nothing")
    .option("--repo <folder>", "a folder of the repository", ".")
    .addOption(new Option("--sarif", "print SARIF 2.1.0, for code hosts and editors").conflicts("json"))
    .option(
      "--explain <rule>",
      "instead, say what a rule is for, with an example, and how to allow what it finds",
    )
    .addOption(json)
    .addHelpText("after", example("nightwarden inspect main..HEAD --repo ../app"))
    .action(action(async () => (await import("./inspect-command.ts")).inspectCommand));
  program
    .command("status")
    .description("say what is going on now, and where each task of the plan stands")
    .addOption(json)
    .addHelpText("after", example("nightwarden status"))
    .action(action(async () => (await import("./status-command.ts")).statusCommand));
  program
    .command("summary")
    .argument("[night]", "the night's id; default: the last one")
    .description("say what a night did: what landed, what failed and why, what to do next")
    .option("--markdown", "as Markdown", false)
    .addOption(json)
    .addHelpText("after", example("nightwarden summary --markdown > night.md"))
    .action(action(async () => (await import("./summary-command.ts")).summaryCommand));
  program
    .command("gates")
    .description("say what was measured of what the next phase asks for, and the events behind it")
    .addOption(json)
    .addHelpText("after", example("nightwarden gates"))
    .action(action(async () => (await import("./gates-command.ts")).gatesCommand));
  program
    .command("promote")
    .argument("<phase>", "the next phase: 2a, 2b or 3")
    .description("move the workspace to the next phase, if its gate is met; recorded")
    .option("--force", "though the gate says no; recorded, and shown ever after", false)
    .option("--reason <text>", "why it is forced")
    .addOption(json)
    .addHelpText("after", example("nightwarden promote 2a"))
    .action(action(async () => (await import("./promote-command.ts")).promoteCommand));
  program
    .command("demote")
    .argument("[phase]", "a lower phase; default: the one below")
    .description("move the workspace to a lower phase; recorded, and what was measured begins anew")
    .requiredOption("--reason <text>", "why; recorded, and shown")
    .addOption(json)
    .addHelpText("after", example("nightwarden demote --reason 'the new model cheats'"))
    .action(action(async () => (await import("./demote-command.ts")).demoteCommand));
  program
    .command("deliver")
    .argument("<night>", "the night's id")
    .description("bring a night's branch into the repositories where that was put off")
    .addHelpText("after", example("nightwarden deliver 2026-11-20-k3f9"))
    .action(action(async () => (await import("./deliver-command.ts")).deliverCommand));
  program
    .command("merged")
    .argument("<night>", "the night's id")
    .description("say that a night's results are in the base, where git cannot tell, as after a squash")
    .addHelpText("after", example("nightwarden merged 2026-11-20-k3f9"))
    .action(action(async () => (await import("./merged-command.ts")).mergedCommand));
  program
    .command("rerun")
    .argument("<task...>", "ids of tasks that failed or were set aside")
    .description("put tasks back into the queue")
    .option("--reason <text>", "why; recorded", "asked for")
    .addHelpText("after", example("nightwarden rerun fix-login --reason 'the prompt is clearer now'"))
    .action(action(async () => (await import("./rerun-command.ts")).rerunCommand));
  const image = program.command("image").description("the images that sandboxes are made from");
  image
    .command("build")
    .description("build the images of every repository of the workspace; quick when nothing has changed")
    .addOption(json)
    .addHelpText("after", example("nightwarden image build"))
    .action(action(async () => (await import("./image-command.ts")).imageBuildCommand));
  program
    .command("schema")
    .addArgument(
      // The kinds of config/json-schema.ts, which would load every schema for every command.
      new Argument("[file]", "whose schema").choices(["config", "plan", "policy"]).default("config"),
    )
    .description("print the JSON Schema of nightwarden.yaml, tasks.yaml or a policy file, for editors")
    .addHelpText("after", example("nightwarden schema plan > tasks.schema.json"))
    .action(action(async () => (await import("./schema-command.ts")).schemaCommand));
  const ops = program.command("ops").description("what a setup of the machine needs, for its scripts");
  ops
    .command("macos-profile")
    .description("print the Seatbelt profile of a sandbox on macOS, for ops/macos/setup")
    .requiredOption("--writable <folder...>", "folders that the sandbox may change; real paths")
    .option("--toolchain <folder...>", "folders with programs that it may read and start", [])
    .option("--socket <path>", "its gateway's Unix socket")
    .option("--port <number>", "or its gateway's port on localhost")
    .addHelpText(
      "after",
      example(
        "nightwarden ops macos-profile --writable /private/var/nightwarden/slots/0/tree --toolchain /opt/homebrew --port 8402",
      ),
    )
    .action(action(async () => (await import("./ops-command.ts")).macosProfileCommand));
  ops
    .command("macos-pf")
    .description("print the rules of pf for the users of sandboxes on macOS, for ops/macos/setup")
    .requiredOption(
      "--slot <slot...>",
      "hidden users, each with its gateway's port if it has one: USER or USER:PORT",
    )
    .addHelpText("after", example("nightwarden ops macos-pf --slot _nightwarden0:8402 _nightwarden1:8403"))
    .action(action(async () => (await import("./ops-command.ts")).macosPfCommand));

  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    report(error, terminal);
    return exitCodeOfError(error);
  }
}

function example(command: string): string {
  return `\nExample:\n  $ ${command}\n`;
}

function report(error: unknown, terminal: Terminal): void {
  if (error instanceof NightwardenError) {
    terminal.problem(safeBlock(error.message), error.hint);
    return;
  }
  const stack = error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error);
  terminal.problem(
    `this is a fault of Nightwarden itself: ${stack}`,
    "please report it with the lines above",
  );
}
