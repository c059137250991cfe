/** What runs a file later, or reads it for what to run, outside the sandbox. */
export interface ProtectedKind {
  readonly rule: string;
  readonly paths: RegExp;
  /** In words: "A hook of git". */
  readonly what: string;
  /** Where a change of one that is there already is less bad than a new one. */
  readonly changeLevel?: "block" | "warn" | "info";
  readonly level?: "block" | "warn" | "info";
}

/** From the worst to the ones that ordinary changes touch; the first that matches counts. */
const KINDS: readonly ProtectedKind[] = [
  {
    rule: "nightwarden-file",
    what: "Nightwarden's own configuration, tasks or policy",
    paths:
      /(?:^|\/)(?:\.?nightwarden\.ya?ml|\.nightwarden(?:\/.*)?|[^/]*\.nightwarden\.(?:ya?ml|json|jsonl)|nightwarden-(?:plan|tasks|policy)[^/]*|nightwarden\/(?:.*\.ya?ml|policies\/.*)|policies\/(?:phase-[^/]*\.ya?ml|rules\/.*\.ya?ml))$/,
  },
  {
    rule: "hook-file",
    what: "A hook that git or a hook manager runs",
    paths:
      /(?:^|\/)(?:\.git\/.*|\.githooks\/.*|\.git-hooks\/.*|git-hooks\/.*|githooks\/.*|hooks\/(?:pre|post|prepare|commit|applypatch|update|reference|fsmonitor|push|sendemail|p4)-?[a-z-]*(?:\.(?:sh|py|js))?|\.husky\/.*|\.huskyrc(?:\.\w+)?|husky\.config\.\w+|\.?lefthook(?:-local)?\.(?:ya?ml|toml|json)|\.lefthook\/.*|\.overcommit\.yml|\.simple-git-hooks\.\w+|simple-git-hooks\.\w+|\.hooks\/.*)$/,
    changeLevel: "block",
  },
  {
    rule: "hook-file",
    what: "The configuration of hooks",
    paths:
      /(?:^|\/)(?:\.pre-commit-config\.ya?ml|\.pre-commit-hooks\.ya?ml|\.?prek\.toml|\.lintstagedrc(?:\.\w+)?|lint-staged\.config\.\w+|\.commitlintrc(?:\.\w+)?|\.nano-staged\.\w+)$/,
    changeLevel: "warn",
  },
  {
    rule: "agent-file",
    what: "What a coding agent on the owner's machine obeys or runs",
    paths:
      /(?:^|\/)(?:\.claude\/.*|\.claude\.json|\.codex\/.*|\.cursor\/.*|\.cursorrules|\.cursorignore|\.mcp\.json|mcp\.json|\.aider[^/]*|\.windsurf\/.*|\.windsurfrules|\.clinerules(?:\/.*)?|\.cline\/.*|\.roo\/.*|\.roomodes|\.roorules[^/]*|\.continue\/.*|\.continuerc\.json|\.gemini\/.*|\.goosehints|\.goose\/.*|\.junie\/.*|\.kiro\/.*|\.amazonq\/.*|\.opencode\/.*|opencode\.jsonc?|\.crush\.json|crush\.json|\.qwen\/.*|\.trae\/.*|\.augment\/.*|\.github\/(?:copilot-instructions\.md|instructions\/.*|prompts\/.*|agents\/.*|chatmodes\/.*|hooks\/.*)|\.agents?\/.*|\.agent\/.*|\.warp\/.*|\.zencoder\/.*|\.factory\/.*|\.tabnine\/.*|\.copilot\/.*)$/i,
    changeLevel: "block",
  },
  {
    rule: "agent-file",
    what: "Instructions that coding agents follow",
    paths:
      /(?:^|\/)(?:CLAUDE(?:\.local)?\.md|AGENTS?(?:\.override)?\.md|GEMINI\.md|QWEN\.md|CONVENTIONS\.md|WARP\.md|CRUSH\.md|SKILL\.md|\.rules|llms\.txt|COPILOT\.md)$/i,
    level: "block",
    changeLevel: "warn",
  },
  {
    rule: "editor-file",
    what: "What an editor runs or loads by itself",
    paths:
      /(?:^|\/)(?:\.vscode\/(?:tasks|launch|settings|extensions|mcp)\.json|\.vscode\/.*\.(?:[cm]?js|sh|py)|[^/]*\.code-workspace|\.idea\/.*|\.zed\/.*|\.fleet\/.*|\.nvim\.lua|\.nvimrc|\.exrc|\.vimrc|\.vim\/.*|\.dir-locals\.el|\.dir-locals-2\.el|\.projectile|\.sublime-project|[^/]*\.sublime-project|\.helix\/.*|\.lvimrc|\.netbeans\/.*|\.settings\/.*|\.vs\/.*|\.theia\/.*|\.nova\/.*|\.kakrc|\.editorconfig-exec)$/,
    changeLevel: "warn",
  },
  {
    rule: "environment-file",
    what: "What a shell or a tool loads on entering the folder",
    paths:
      /(?:^|\/)(?:\.envrc(?:\.\w+)?|\.direnv\/.*|\.?mise(?:\.local|\.\w+)?\.toml|\.?mise\/.*\.toml|\.config\/mise(?:\/.*|\.toml)|\.rtx\.toml|\.tool-versions|\.asdfrc|\.asdf\/.*|\.env\.vault|\.autoenv(?:\.zsh)?|\.in|\.out|\.bashrc|\.bash_profile|\.bash_login|\.profile|\.zshrc|\.zshenv|\.zprofile|\.zlogin|\.kshrc|\.cshrc|\.tcshrc|config\.fish|\.inputrc|\.pam_environment|\.login|\.logout|\.bash_logout|\.proto(?:tools|\/.*)|\.prototools|flox\.toml|\.flox\/.*|devbox\.json|\.tmux\.conf|\.screenrc|\.gdbinit|\.lldbinit|\.gdbinit\.py|\.pdbrc|\.pryrc|\.irbrc|\.Rprofile|\.ghci|\.pythonstartup|\.node_repl_history|\.xonshrc|\.ipython\/.*|\.curlrc|\.wgetrc|\.ssh\/.*|\.aws\/.*|\.docker\/config\.json|\.kube\/.*|\.netrc|\.gnupg\/.*)$/,
    changeLevel: "block",
  },
  {
    rule: "environment-file",
    what: "A development container or shell",
    paths:
      /(?:^|\/)(?:\.devcontainer(?:\.json|\/.*)|devcontainer\.json|\.gitpod\.ya?ml|\.gitpod\.Dockerfile|\.?codespaces\/.*|flake\.nix|shell\.nix|default\.nix|\.replit|replit\.nix|\.idx\/.*|\.stackblitzrc|\.codesandbox\/.*|devenv\.nix|devenv\.ya?ml|manifest\.scm|guix\.scm|Vagrantfile)$/,
    level: "block",
    changeLevel: "warn",
  },
  {
    rule: "registry-file",
    what: "Where packages are fetched from, and what runs with them",
    paths:
      /(?:^|\/)(?:\.npmrc|\.yarnrc(?:\.ya?ml)?|\.yarn\/(?:plugins|releases|sdks|patches)\/.*|\.pnpmfile\.[cm]?js|pnpmfile\.[cm]?js|\.pip(?:\/pip)?\.conf|pip\.conf|pip\.ini|\.pypirc|uv\.toml|\.config\/(?:pip|uv)\/.*|\.cargo\/(?:config(?:\.toml)?|credentials(?:\.toml)?)|\.bundle\/config|\.gemrc|\.condarc|condarc|nuget\.config|NuGet\.Config|settings\.xml|\.mvn\/.*|maven-wrapper\.properties|gradle-wrapper\.(?:jar|properties)|init\.gradle(?:\.kts)?|\.gradle\/.*|gradle\.properties|auth\.json|\.composer\/.*|\.terraformrc|terraform\.rc|\.goenv|GOPROXY|verdaccio\.ya?ml|\.bunfig\.toml|bunfig\.toml|poetry\.toml|\.pdm\.toml|\.pdm-python|\.hex\/.*|cpanfile\.snapshot|\.m2\/.*)$/i,
    changeLevel: "block",
  },
  {
    rule: "python-startup-file",
    what: "What Python runs at its start, before any program",
    paths:
      /(?:^|\/)(?:sitecustomize\.py|usercustomize\.py|[^/]+\.pth|[^/]+\._pth|pyvenv\.cfg|\.pdbrc\.py|__pycache__\/.*|[^/]+\.egg-link)$/,
    changeLevel: "block",
  },
  {
    rule: "git-file",
    what: "What git obeys on a checkout",
    paths:
      /(?:^|\/)(?:\.gitattributes|\.gitmodules|\.gitconfig|\.git-blame-ignore-revs|\.lfsconfig|\.mailmap|\.git\/.*|gitconfig)$/,
    level: "warn",
    changeLevel: "warn",
  },
  {
    rule: "owners-file",
    what: "Who has to review what",
    paths:
      /(?:^|\/)(?:CODEOWNERS|OWNERS|\.github\/(?:settings\.ya?ml|dependabot\.ya?ml|mergify\.ya?ml|rulesets\/.*)|\.mergify\.ya?ml|renovate\.json5?|\.renovaterc(?:\.json5?)?|\.bulldozer\.yml|\.policy\.yml|\.kodiak\.toml)$/,
    level: "warn",
    changeLevel: "warn",
  },
  {
    rule: "ci-file",
    what: "What the CI runs, with the rights that it has",
    paths:
      /^\.github\/(?:workflows|actions)\/.*$|(?:^|\/)(?:\.gitlab-ci\.ya?ml|azure-pipelines[^/]*\.ya?ml|\.travis\.yml|\.?appveyor\.ya?ml|bitbucket-pipelines\.yml|\.drone\.(?:ya?ml|star|jsonnet)|\.woodpecker\.ya?ml|\.cirrus\.(?:yml|star)|Jenkinsfile[^/]*|buildspec[^/]*\.ya?ml|cloudbuild\.ya?ml|wercker\.yml|codemagic\.yaml|bitrise\.yml|netlify\.toml|vercel\.json|fly\.toml|render\.yaml|app\.ya?ml|Procfile|\.tekton\/.*|dagger\.json|skaffold\.yaml|\.platform\.app\.yaml|action\.ya?ml|\.goreleaser\.ya?ml|release\.config\.\w+|\.releaserc(?:\.\w+)?)$|^\.(?:circleci|buildkite|gitlab|forgejo|gitea|woodpecker|teamcity|semaphore|azure|azure-pipelines|github\/scripts|ci|jenkins|drone)\/.*$/,
    level: "warn",
    changeLevel: "warn",
  },
  {
    rule: "build-file",
    what: "What a build or an installation runs by itself",
    paths:
      /(?:^|\/)(?:setup\.py|build\.rs|binding\.gyp|extconf\.rb|conanfile\.py|hatch_build\.py|pdm_build\.py|Package\.swift|build\.zig|Directory\.Build\.(?:props|targets)|[^/]+\.targets|buildSrc\/.*|project\/[^/]+\.sbt|mix\.exs)$/,
    level: "block",
    changeLevel: "warn",
  },
  {
    rule: "build-file",
    what: "What people and machines run by name",
    paths:
      /(?:^|\/)(?:GNUmakefile|[Mm]akefile(?:\.[\w.]+)?|[^/]+\.mk|[Jj]ustfile|\.justfile|[Tt]askfile(?:\.dist)?\.ya?ml|Rakefile|Gruntfile\.\w+|gulpfile\.\w+|Dockerfile[^/]*|[^/]+\.[Dd]ockerfile|Containerfile[^/]*|(?:docker-)?compose[^/]*\.ya?ml|docker-bake\.(?:hcl|json)|Earthfile|Tiltfile|noxfile\.py|tox\.ini|fabfile\.py|tasks\.py|dodo\.py|SConstruct|wscript|CMakeLists\.txt|meson\.build|configure|configure\.ac|gradlew(?:\.bat)?|mvnw(?:\.cmd)?|build\.gradle(?:\.kts)?|settings\.gradle(?:\.kts)?|install\.sh|bootstrap\.sh|Brewfile|ansible\.cfg|Snakefile|BUILD(?:\.bazel)?|WORKSPACE(?:\.bazel)?|MODULE\.bazel|\.bazelrc|turbo\.json|nx\.json|lerna\.json)$/,
    level: "warn",
    changeLevel: "info",
  },
  {
    rule: "test-startup-file",
    what: "What a test runner loads before the tests",
    paths:
      /(?:^|\/)(?:conftest\.py|pytest_plugins?\.py|(?:vitest|jest)\.(?:setup|global[-_]?setup)[^/]*|setup[-_]?tests?\.[cm]?[jt]sx?|test[-_]?setup\.[cm]?[jt]sx?|spec_helper\.rb|rails_helper\.rb|test_helper\.rb)$/i,
    level: "warn",
    changeLevel: "info",
  },
];

/** What a path is that runs later where no sandbox is; undefined: nothing of the kind is known of it. */
export function protectedKind(path: string): ProtectedKind | undefined {
  // Some file systems do not tell case or trailing dots apart: what git or an editor would open there counts.
  const plain = path.normalize("NFKC").replace(/\p{Cf}/gu, "");
  return (
    KINDS.find(({ paths }) => paths.test(plain)) ??
    KINDS.find(({ rule, paths }) => CASELESS.has(rule) && new RegExp(paths.source, "i").test(plain))
  );
}

const CASELESS: ReadonlySet<string> = new Set([
  "nightwarden-file",
  "hook-file",
  "agent-file",
  "editor-file",
  "environment-file",
  "git-file",
]);
