/** Words with which a shell command can begin that are the shell's own: there is no program to look for. */
const SHELL_WORDS = new Set(
  "! { ( [ [[ : . alias bg break case cd command continue echo eval exec exit export false for function if printf pwd read return set shift source test time trap true type ulimit umask unset until wait while".split(
    " ",
  ),
);

/**
 * The program that a shell command starts with: the first word behind assignments such as `CI=1`. Undefined where that
 * is not a plain name, since then only the shell knows.
 */
export function programOf(command: string): string | undefined {
  const words = command.trim().split(/\s+/);
  const first = words.find((word) => !/^[A-Za-z_]\w*=/.test(word));
  if (first === undefined || SHELL_WORDS.has(first) || !/^[\w./+-]+$/.test(first)) return undefined;
  return first;
}
