#!/bin/sh
# fetch-debs.sh WORK ARCH PACKAGE...
#
# Downloads Debian packages, and all they need, into WORK/archives; nothing is installed. What counts as installed
# already is in WORK/status, in the form of dpkg's own (absent: nothing).
#
# The host's apt configuration says where packages come from, which proxy leads there and whom to trust. No root is
# needed: lists, cache and locks are in WORK, and the hooks that the host's configuration may hold are left out.
set -eu

work=$1
arch=$2
shift 2

mkdir -p "$work/archives/partial" "$work/lists/partial"
[ -e "$work/status" ] || : >"$work/status"

{
  apt-config dump | grep -E '^(Acquire|APT::(Authentication|Default-Release|Hashes|Key|Solver))' || true
  cat <<CONFIG
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::State "$work";
Dir::State::status "$work/status";
Dir::State::lists "$work/lists";
Dir::Cache "$work";
Dir::Cache::archives "$work/archives";
Dir::Log "$work";
APT::Architecture "$arch";
APT::Architectures "$arch";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
Debug::NoLocking "true";
CONFIG
} >"$work/apt.conf"
export APT_CONFIG="$work/apt.conf" LC_ALL=C DEBIAN_FRONTEND=noninteractive

# One source of several may be out of reach and not be needed: what counts is whether the packages are found.
apt-get -q update || echo "apt-get update had errors; going on with what it got"
exec apt-get -q --yes --download-only install "$@"
