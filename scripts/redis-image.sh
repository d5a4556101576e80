#!/bin/sh
# Builds a local image that tests may use where no image can be pulled: this machine's own redis-server (or
# valkey-server), its libraries and a busybox, nothing else. Needs a Docker engine that answers and a static busybox
# (apt-get install busybox-static). Usage: scripts/redis-image.sh [NAME], by default redis:7-alpine.
#
# Two things are not obvious. Testcontainers looks from inside whether the port is open, so there must be a shell with
# nc and grep. And it starts plain `redis-server`, whose default refuses strangers, where the official image does not:
# hence the wrapper of that name, first on the path.
set -eu

name=${1:-redis:7-alpine}
server=$(command -v redis-server || command -v valkey-server) || { echo 'neither redis-server nor valkey-server is installed' >&2; exit 1; }
client=$(command -v redis-cli || command -v valkey-cli) || { echo 'neither redis-cli nor valkey-cli is installed' >&2; exit 1; }
busybox=$(command -v busybox) || { echo 'busybox is not installed (apt-get install busybox-static)' >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for folder in bin data etc tmp usr/bin usr/local/bin; do mkdir -p "$root/$folder"; done
cp -L "$server" "$root/usr/bin/redis-server"
cp -L "$client" "$root/usr/bin/redis-cli"
cp -L "$busybox" "$root/bin/busybox"
for library in $(ldd "$server" "$client" | grep -o '/[^ ):]*' | grep -v -e "^$server\$" -e "^$client\$" | sort -u); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
for tool in sh ls cat nc grep awk sed printf ps kill sleep; do ln -s busybox "$root/bin/$tool"; done
cat > "$root/usr/local/bin/redis-server" <<'WRAPPER'
#!/bin/sh
exec /usr/bin/redis-server "$@" --protected-mode no --bind 0.0.0.0
WRAPPER
chmod 755 "$root" "$root/usr/local/bin/redis-server"
tar -C "$root" -c . | docker import --change 'CMD ["redis-server"]' --change 'EXPOSE 6379' --change 'WORKDIR /data' \
  --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' - "$name" > /dev/null
echo "built $name"
