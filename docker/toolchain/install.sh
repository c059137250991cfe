#!/bin/sh
# Adds to a toolchain image what /mnt brings; run in a container that then becomes the image. /mnt does not:
#
#   /mnt/archives/*.deb   packages that were fetched on the host
#   /mnt/packages         names of packages that the image's own apt shall fetch, one on each line
#   /mnt/apt.conf         the host's proxies and certificates, for that apt alone
#   /mnt/npm              npm, which then finds Node at /opt/nightwarden/bin
set -eu
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C.UTF-8
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

if [ -d /mnt/archives ] || [ -e /mnt/packages ]; then
  # No service is started by its package: nothing runs here but the installation.
  had_policy=
  if [ -e /usr/sbin/policy-rc.d ]; then had_policy=yes; else
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
  fi
  if [ -d /mnt/archives ]; then
    dpkg --force-depends --force-unsafe-io --install /mnt/archives/*.deb
    dpkg --audit >/mnt/audit
    if [ -s /mnt/audit ]; then
      cat /mnt/audit >&2
      exit 1
    fi
  else
    export APT_CONFIG=/mnt/apt.conf
    apt-get -q update
    xargs apt-get -q --yes --no-install-recommends install </mnt/packages
    rm -rf /var/lib/apt/lists/*
  fi
  [ -n "$had_policy" ] || rm -f /usr/sbin/policy-rc.d
  rm -rf /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/cache/debconf/*-old /var/lib/dpkg/*-old
fi

if [ -d /mnt/npm ]; then
  mkdir -p /usr/local/lib/node_modules
  cp -R /mnt/npm /usr/local/lib/node_modules/npm
  ln -sf /opt/nightwarden/bin/node /usr/local/bin/node
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
  chmod 755 /usr/local/lib/node_modules/npm/bin/np?-cli.js
fi
