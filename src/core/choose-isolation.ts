import { hostRefusal, userSandboxRefusal } from "./host-platform.ts";
import { ISOLATIONS, type Isolation, type Phase } from "./policy.ts";

/** What `sandbox.kind` may be: an isolation by its name, or `auto`. */
export const SANDBOX_KINDS = ["docker", "auto", "user", "worktree"] as const;
export type SandboxKind = (typeof SANDBOX_KINDS)[number];

/** Whether an isolation can be had on this machine, as whoever asked was told. */
export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly message: string; readonly hint?: string | undefined };

export interface IsolationQuestion {
  readonly kind: SandboxKind;
  /** What `auto` takes where there is no engine; undefined: nothing. */
  readonly fallback: "user" | undefined;
  /** The policy's: the weakest that is allowed. */
  readonly weakest: Isolation;
  readonly phase: Phase;
  /** As Node names it: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  /** What is known so far. Asking takes time, so nothing is asked before it decides something. */
  readonly known: Partial<Readonly<Record<Isolation, Availability>>>;
}

export type IsolationChoice =
  | { readonly kind: "chosen"; readonly isolation: Isolation }
  /** Whether this one can be had decides: ask, and come back with what is known then. */
  | { readonly kind: "ask"; readonly isolation: Isolation }
  | {
      readonly kind: "refused";
      /** `policy`: it could be had, and is too weak. `missing`: it cannot be had here. */
      readonly why: "policy" | "missing";
      readonly message: string;
      readonly hint: string;
    };

/**
 * Where attempts run. A weaker isolation is never taken by itself: `auto` is docker, or the fallback that the
 * configuration names, and `worktree` has to be asked for by its name.
 */
export function chooseIsolation(question: IsolationQuestion): IsolationChoice {
  const { kind, fallback, known } = question;
  if (kind !== "auto") return take(kind, question);
  const docker = take("docker", question);
  if (docker.kind !== "refused" || docker.why === "policy" || fallback === undefined) {
    return docker.kind === "refused" && docker.why === "missing" ? withoutFallback(docker) : docker;
  }
  const other = take(fallback, question);
  if (other.kind !== "refused" || other.why === "policy") return other;
  const message = `${docker.message}; and the fallback ${fallback}: ${other.message}`;
  const hint = known[fallback]?.available === false ? other.hint : docker.hint;
  return { ...other, message, hint };
}

function take(isolation: Isolation, question: IsolationQuestion): IsolationChoice {
  const { weakest, phase, known } = question;
  if (ISOLATIONS.indexOf(isolation) < ISOLATIONS.indexOf(weakest)) {
    return {
      kind: "refused",
      why: "policy",
      message: `the sandbox ${isolation} is too weak: the policy of phase ${phase} allows ${allowed(weakest)}`,
      hint: `Write ${allowed(weakest)} as sandbox.kind, or stay in a phase whose policy allows ${isolation}.`,
    };
  }
  const onPlatform = platformProblem(isolation, question.platform);
  if (onPlatform) return { kind: "refused", why: "missing", ...onPlatform };
  const availability = known[isolation];
  if (!availability) return { kind: "ask", isolation };
  if (availability.available) return { kind: "chosen", isolation };
  const { message, hint } = availability;
  return { kind: "refused", why: "missing", message, hint: hint ?? "See docs/platforms.md." };
}

function withoutFallback(docker: Extract<IsolationChoice, { kind: "refused" }>): IsolationChoice {
  return {
    ...docker,
    message: `${docker.message}; sandbox.kind auto has no fallback, and takes no weaker one`,
  };
}

/** What no machine of this kind has. An engine may be anywhere: it is asked. */
function platformProblem(isolation: Isolation, platform: string): ReturnType<typeof hostRefusal> {
  if (isolation === "docker") return undefined;
  return isolation === "user" ? userSandboxRefusal(platform) : hostRefusal(platform);
}

/** `docker`, or `docker or user`: the strongest first. */
function allowed(weakest: Isolation): string {
  return ISOLATIONS.slice(ISOLATIONS.indexOf(weakest)).toReversed().join(" or ");
}
