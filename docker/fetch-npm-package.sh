#!/bin/sh
# fetch-npm-package.sh NAME@VERSION FOLDER [PATH ...]
#
# Unpacks a package of npm's registry into FOLDER: all of it, or only the PATHs. npm's own configuration says where
# the registry is, which proxy leads there and whom to trust, and npm refuses bytes that are not the ones whose hash
# the registry gives. Nothing of the package is run.
#
# FOLDER appears at once and complete, or not at all, also when several of these run at the same time.
set -eu

package=$1
folder=$2
shift 2

if [ -d "$folder" ]; then exit 0; fi
if ! command -v npm >/dev/null 2>&1; then
  echo "npm is needed to fetch $package, and was not found." >&2
  echo "hint: install npm (on Debian or Ubuntu: apt-get install npm)" >&2
  exit 1
fi

parent=$(dirname "$folder")
mkdir -p "$parent"
work=$(mktemp -d "$parent/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Of one that was killed and could not tidy up: a client is some hundred megabytes.
find "$parent" -maxdepth 1 -name '.fetch.*' -mtime +0 -exec rm -rf {} + || true

cd "$work"
if ! npm pack --ignore-scripts --loglevel=error "$package" >name 2>log; then
  tail -n 20 log >&2
  echo "hint: npm could not fetch $package: see what \"npm view $package\" says" >&2
  exit 1
fi
mkdir unpacked
# Each PATH becomes package/PATH, as it is called in the archive.
for path in "$@"; do
  shift
  set -- "$@" "package/$path"
done
tar -xzf ./*.tgz -C unpacked --strip-components 1 "$@"

# Another process may have been quicker: its folder holds the same, and ours has then landed inside it.
[ -d "$folder" ] || mv unpacked "$folder"
rm -rf "$folder/unpacked"
