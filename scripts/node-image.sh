#!/bin/sh
# Builds a local base for deploy/Dockerfile where none can be pulled: this machine's own node and npm, the libraries node
# needs, a busybox, the certificates this machine trusts, and a user `node`. Needs a Docker engine that answers and a
# static busybox (apt-get install busybox-static). Usage: scripts/node-image.sh [NAME], by default marinade-node; then
#   docker build --network host --build-arg NODE=marinade-node -f deploy/Dockerfile -t marinade .
set -eu

name=${1:-marinade-node}
node=$(node -p process.execPath)
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
busybox=$(command -v busybox) || { echo 'busybox is not installed (apt-get install busybox-static)' >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for folder in bin etc/ssl/certs home/node root tmp usr/bin usr/local/bin usr/local/lib/node_modules; do mkdir -p "$root/$folder"; done
for tool in $("$busybox" --list); do ln -s busybox "$root/bin/$tool"; done
cp --remove-destination -L "$busybox" "$root/bin/busybox"
cp -L "$node" "$root/usr/local/bin/node"
cp -RL "$npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../../bin/env "$root/usr/bin/env"
# The rest of the C library is loaded by modules, or by name at run time.
rest=$(ldconfig -p | grep -o '/[^ ]*/lib\(rt\|util\|resolv\|nss_dns\|nss_files\)\.so\.[0-9]*' || true)
for library in $(ldd "$node" | grep -o '/[^ ):]*') $rest; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' > "$root/etc/group"
chmod 755 "$root"
chmod 1777 "$root/tmp"
chown 1000:1000 "$root/home/node"
tar -C "$root" -c . | docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' \
  --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$name" > /dev/null
echo "built $name"
