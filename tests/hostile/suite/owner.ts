import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Who owns the machine and the repository: what is theirs and nobody else's, each thing with the sentinel in it. */
export interface Owner {
  readonly home: string;
  readonly repository: string;
}

/** What people keep in their homes, by path. */
export const HOME_SECRETS = [
  ".ssh/id_rsa",
  ".ssh/id_ed25519",
  ".aws/credentials",
  ".config/gh/hosts.yml",
  ".config/gcloud/application_default_credentials.json",
  ".docker/config.json",
  ".kube/config",
  ".netrc",
  ".npmrc",
  ".git-credentials",
  ".claude/.credentials.json",
  ".codex/auth.json",
  ".gnupg/private-keys-v1.d/key",
  ".bash_history",
] as const;

export function makeOwner(folder: string, sentinel: string): Owner {
  const home = join(folder, "home of the owner");
  const repository = join(home, "app");
  for (const path of HOME_SECRETS) write(join(home, path), `secret = ${sentinel}\n`);
  const git = (...args: string[]): void => {
    execFileSync("git", ["-c", "user.name=Owner", "-c", "user.email=owner@example.org", ...args], {
      cwd: repository,
      env: { PATH: process.env["PATH"], HOME: home },
      stdio: ["ignore", "ignore", "pipe"],
    });
  };
  mkdirSync(repository, { recursive: true });
  git("init", "-q", "-b", "main");
  write(join(repository, "old.txt"), `key: ${sentinel}\n`);
  git("add", "-A");
  git("commit", "-qm", "A commit with a secret, which was taken out later");
  write(join(repository, "old.txt"), "key: in the environment\n");
  write(join(repository, "a.txt"), "one\n");
  write(join(repository, "b.txt"), "two\n");
  write(join(repository, "src/deep/c.txt"), "three\n");
  write(join(repository, ".gitignore"), "ignored/\n.env\n");
  git("add", "-A");
  git("commit", "-qm", "Base");
  git("checkout", "-qb", "private");
  write(join(repository, "private.txt"), `mine: ${sentinel}\n`);
  git("add", "-A");
  git("commit", "-qm", "Private");
  git("checkout", "-q", "main");
  write(join(repository, "a.txt"), `stashed: ${sentinel}\n`);
  git("stash", "-q");
  write(join(repository, ".env"), `SECRET=${sentinel}\n`);
  write(join(repository, "ignored/secret.txt"), `${sentinel}\n`);
  git("remote", "add", "origin", `https://owner:${sentinel}@git.example.org/app.git`);
  return { home, repository };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
}
