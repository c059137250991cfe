import { describe, expect, it } from "vitest";
import { hostRefusal, userSandboxRefusal } from "../../src/core/host-platform.ts";

describe("a system", () => {
  it.each(["linux", "darwin"])("%s is one that Nightwarden runs on", (platform) => {
    expect(hostRefusal(platform)).toBeUndefined();
  });

  it.each([
    ["win32", "does not run on Windows itself", "WSL"],
    ["freebsd", "does not run on this system (freebsd)", "docs/platforms.md"],
    ["cygwin", "does not run on this system (cygwin)", "docs/platforms.md"],
  ])("%s is refused with a way out", (platform, message, hint) => {
    expect(hostRefusal(platform)?.message).toContain(message);
    expect(hostRefusal(platform)?.hint).toContain(hint);
  });

  it("has users as sandboxes on Linux alone; on macOS the page says what is there and that nobody ran it", () => {
    expect(userSandboxRefusal("linux")).toBeUndefined();
    expect(userSandboxRefusal("darwin")?.message).toContain("nobody has run it");
    expect(userSandboxRefusal("darwin")?.hint).toContain("ops/macos/README.md");
    expect(userSandboxRefusal("freebsd")?.message).toContain("(freebsd)");
  });
});
