#!/bin/sh
# Makes a toolchain image fit for a sandbox: mount points, one PATH for all shells, and no program that gives its caller
# another user's rights.
set -eu

mkdir -p /task /trees /home/agent /opt/agent /run/gateway /tmp
chmod 1777 /tmp
# The way out of a sandbox, where it has one: whoever could write here could put something else in its place.
chown 0:0 /run/gateway
chmod 755 /run/gateway

# Codex starts commands in a login shell, which forgets the image's PATH and with it most images' tools. First of all
# profiles, so that another one may still add to it.
if [ -d /etc/profile.d ]; then
  quoted=$(printf '%s' "$PATH" | sed "s/'/'\\\\''/g")
  printf "export PATH='%s'\n" "$quoted" >/etc/profile.d/00-nightwarden.sh
  chmod 644 /etc/profile.d/00-nightwarden.sh
fi

find / -xdev -type f \( -perm -4000 -o -perm -2000 \) -exec chmod a-s {} +
left=$(find / -xdev -type f \( -perm -4000 -o -perm -2000 \) | head -n 5)
if [ -n "$left" ]; then
  echo "these still have the setuid or setgid bit: $left" >&2
  exit 1
fi
