#!/bin/sh
# Makes what the orchestrator, the workers and Redis must share, in a folder that only its owner may enter:
#   redis-password  the password of user marinade
#   users.acl       the users of Redis, with the hash of that password
#   token           what the HTTP interface asks for
# Files that are there stay as they are. Usage: deploy/make-secrets.sh [FOLDER] [QUEUE]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/secrets}
mkdir -p -m 700 "$folder"
[ -e "$folder/token" ] || head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_' > "$folder/token"
acl=$(node "$here/../bin/marinade.mjs" deploy acl --queue "${2:-marinade}" --redis-password-file "$folder/redis-password")
[ -e "$folder/users.acl" ] || printf '%s\n' "$acl" > "$folder/users.acl"
# Containers read them as users of their own; on this machine the folder keeps everybody else out.
chmod 444 "$folder/token" "$folder/redis-password" "$folder/users.acl"
