#!/bin/sh
# The second stage of the base image, run in a container without network: the packages' files are in place, but dpkg
# does not know of them and none is configured. /mnt/archives holds the packages.
set -eu
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C.UTF-8
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Documentation and translations are of no use in a sandbox.
cat >/etc/dpkg/dpkg.cfg.d/nightwarden <<'EXCLUDES'
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
EXCLUDES

: >/var/lib/dpkg/status
: >/var/lib/dpkg/available

# All at once: dpkg finds the order, but knows nothing of packages that must be there before others are unpacked.
# Their files are, so that is no error here, but dpkg warns of each.
if ! dpkg --force-depends --force-unsafe-io --install /mnt/archives/*.deb 2>/mnt/warnings; then
  tail -n 20 /mnt/warnings >&2
  exit 1
fi

# A package that was left half done would be found much later, by a user.
if ! dpkg --audit >/mnt/audit || [ -s /mnt/audit ]; then
  cat /mnt/audit >&2
  exit 1
fi

rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/log/*.log
