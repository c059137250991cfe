#!/bin/sh
# fetch.sh WORK ARCH
#
# Fetches the packages of the base image and opens them: WORK/archives/*.deb, and the files of each in WORK/files/*.tar
# with the owners and modes that they have in the package. Needs no root.
set -eu

work=$1
arch=$2
here=$(dirname "$0")

sh "$here/../fetch-debs.sh" "$work" "$arch" \
  '?essential' apt ca-certificates git libstdc++6

mkdir -p "$work/files"
for deb in "$work"/archives/*.deb; do
  name=$(basename "$deb" .deb)
  dpkg-deb --fsys-tarfile "$deb" >"$work/files/$name.tar"
done
