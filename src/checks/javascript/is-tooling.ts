import type { SourceFile } from "../source-file.ts";

const TOOLING =
  /(?:^|\/)(?:scripts?|tools?|tooling|bench|benchmarks?|perf|examples?|demos?|docs?|website|playgrounds?|\.github|\.storybook|configs?|build|tasks|gulp|fixtures?|stories|sandbox|dev|internals?|jsr|runtime-tests?)\/|(?:^|\/)(?:[^/]*\.)?(?:config|conf|setup|stories|story|bench|workspace)\.[cm]?[jt]sx?$|(?:^|\/)(?:gulpfile|gruntfile|rollup|webpack|vite|vitest|jest|karma|babel|eslint|build|tsup|esbuild)[^/]*\.[cm]?[jt]s$|(?:^|\/)\.[^/]+rc\.[cm]?js$/i;

/** Whether a file serves those who work on the project, and is no part of what it gives to its users. */
export function isTooling(file: SourceFile): boolean {
  return file.once(
    "javascript.is-tooling",
    () => file.role === "test" || TOOLING.test(file.path) || /\.d\.[cm]?ts$/.test(file.path),
  );
}
