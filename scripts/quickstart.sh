#!/usr/bin/env bash
# Builds adsync, starts a directory in memory, and runs the main job: import, a change in the directory,
# sync, list. Needs a Rust toolchain and nothing else; leaves nothing behind but the target folder.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cc > /dev/null; then
    packages="gcc libc6-dev"
    if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
        echo "adsync is built with a C compiler; install it first: sudo apt-get install $packages" >&2
        exit 1
    fi
    echo "Installing a C compiler ($packages) ..."
    apt-get update -qq
    # shellcheck disable=SC2086 # Two packages.
    apt-get install -qq -y --no-install-recommends $packages > /dev/null
fi

echo "Building adsync and its test directory ..."
cargo build --quiet --workspace --bins
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
export PATH="$target/debug:$PATH"

sandbox=$(mktemp -d)
cleanup() {
    # The directory ends when its standard input does.
    exec 3>&- || true
    wait || true
    rm -rf "$sandbox"
}
trap cleanup EXIT

# The directory: it reads changes from its standard input, and answers each on its standard output.
export TESTDIR_PASSWORD="quickstart" ADSYNC_PASSWORD="quickstart"
mkfifo "$sandbox/changes"
testdir serve --ldif scripts/quickstart/people.ldif --bind-user svc-adsync@corp.example.com \
    --see-tombstones < "$sandbox/changes" > "$sandbox/answers" &
exec 3> "$sandbox/changes"
for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$sandbox/answers")
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { echo "the test directory did not start" >&2; exit 1; }

cat > "$sandbox/adsync.toml" <<TOML
[directory]
url = "$url"
username = "svc-adsync@corp.example.com"   # its password is in \$ADSYNC_PASSWORD
base_dn = "OU=Staff,DC=corp,DC=example,DC=com"

[store]
path = "$sandbox/users.db"
TOML
export ADSYNC_CONFIG="$sandbox/adsync.toml"

run() {
    echo
    echo "\$ $*"
    "$@"
}

echo
echo "\$ cat adsync.toml"
cat "$ADSYNC_CONFIG"
run adsync check
run adsync import --all
run adsync add helpdesk --email helpdesk@corp.example.com
run adsync list

echo
echo "Now the directory changes:"
sed 's/^/    /' scripts/quickstart/changes.ldif
wanted=$(grep -c '^dn:' scripts/quickstart/changes.ldif)
cat scripts/quickstart/changes.ldif >&3
for _ in $(seq 100); do
    made=$(grep -c '^ok$' "$sandbox/answers" || true)
    [ "$made" -ge "$wanted" ] && break
    sleep 0.1
done
[ "$made" -ge "$wanted" ] || { cat "$sandbox/answers" >&2; exit 1; }

run adsync sync --dry-run
# At a terminal it would ask before it deletes.
run adsync sync --yes
run adsync list
echo
echo "And once more, with nothing left to do but what stays a duplicate:"
run adsync sync
echo
echo "What was done can be looked up, and undone:"
run adsync history
run adsync restore bob
run adsync sync --yes
