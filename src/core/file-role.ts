/** What a file is for, by its path alone. */
export type FileRole = "test" | "product";

const TEST_FOLDERS = /(?:^|\/)(?:tests?|__tests__|specs?|e2e|testing|test-fixtures|fixtures|__mocks__)\//;
const TEST_NAMES =
  /(?:^|\/)(?:[^/]+[.\-_](?:test|tests|spec|e2e)\.[^/]+|test_[^/]*\.py|[^/]+_test\.(?:py|go|rb|exs?)|conftest\.py|[^/]+(?:Test|Tests|IT)\.(?:java|kt|cs|php)|[^/]+_spec\.rb)$/;

/** `test`: by its name or folder only tests use it. */
export function fileRole(path: string): FileRole {
  return TEST_FOLDERS.test(path) || TEST_NAMES.test(path) ? "test" : "product";
}

const MANIFESTS =
  /(?:^|\/)(?:package\.json|pnpm-workspace\.yaml|deno\.jsonc?|tsconfig(?:\.[^/]+)?\.json|jsconfig\.json|pyproject\.toml|setup\.(?:py|cfg)|requirements[^/]*\.(?:txt|in)|requirements\/[^/]+\.(?:txt|in)|Pipfile|environment\.ya?ml|go\.mod|go\.work|Cargo\.toml|Gemfile|[^/]+\.gemspec|composer\.json|pom\.xml|build\.gradle(?:\.kts)?|[^/]+\.csproj|Directory\.Packages\.props)$/;

/** Whether a file declares what a project depends on, or how its module names are resolved. */
export function isManifest(path: string): boolean {
  return MANIFESTS.test(path);
}
