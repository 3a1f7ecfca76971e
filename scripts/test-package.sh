#!/usr/bin/env bash
# Builds the Debian package, installs it, sees that everything is in its place and works, and takes it out
# again. Needs root, or sudo; refuses to touch a machine on which adsync is installed or set up.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'test-package: %s\n' "$*" >&2
    exit 1
}

as_root=()
if ((EUID != 0)); then
    command -v sudo > /dev/null || fail "needs root to install a package"
    as_root=(sudo)
fi
! dpkg-query --show adsync > /dev/null 2>&1 || fail "adsync is installed here already"
for folder in /etc/adsync /var/lib/adsync; do
    [ ! -e "$folder" ] || fail "$folder is there already"
done

package=$(./scripts/package.sh)
# The first release closes no bug of Debian's.
lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$package" ||
    fail "lintian found something in $package"
had_account=$(getent passwd adsync || true)

clean_up() {
    "${as_root[@]}" dpkg --purge adsync > /dev/null 2>&1 || true
    "${as_root[@]}" rm -rf /etc/adsync /var/lib/adsync
    if [ -z "$had_account" ] && getent passwd adsync > /dev/null; then
        "${as_root[@]}" userdel adsync
    fi
}
trap clean_up EXIT

# Images of containers leave documentation and manual pages out.
"${as_root[@]}" dpkg --path-include='/usr/share/*' --install "$package" > /dev/null

echo "The program and what belongs to it"
[ "$(adsync --version)" = "adsync $(dpkg-query --show --showformat='${Version}' adsync | sed 's/-[^-]*$//')" ] ||
    fail "adsync --version says $(adsync --version)"
for file in \
    /usr/lib/systemd/system/adsync.{service,timer} \
    /usr/lib/sysusers.d/adsync.conf \
    /usr/share/bash-completion/completions/adsync \
    /usr/share/zsh/vendor-completions/_adsync \
    /usr/share/fish/vendor_completions.d/adsync.fish \
    /usr/share/man/man1/adsync.1.gz \
    /usr/share/man/man1/adsync-sync.1.gz \
    /usr/share/doc/adsync/copyright \
    /usr/share/doc/adsync/examples/config.example.toml \
    /usr/share/doc/adsync/docs/operations.md; do
    # /lib is /usr/lib, on every Debian that is supported.
    [ -s "$file" ] || fail "$file is missing"
done

echo "Manual pages"
MANPAGER=cat man adsync-sync 2>&1 | grep -q -- '--allow-deletes' || fail "man adsync-sync shows nothing"

echo "Units: known, and not started by themselves"
systemd-analyze verify --man=no /usr/lib/systemd/system/adsync.{service,timer}
[ ! -e /etc/systemd/system/timers.target.wants/adsync.timer ] || fail "the timer is enabled"

echo "The account and its folders"
getent passwd adsync > /dev/null || fail "there is no account adsync"
[ "$(stat --format='%U:%G %a' /etc/adsync)" = "root:adsync 750" ] || fail "$(ls -ld /etc/adsync)"
[ "$(stat --format='%U:%G %a' /var/lib/adsync)" = "adsync:adsync 750" ] || fail "$(ls -ld /var/lib/adsync)"

echo "The example settings are settings: check gets as far as the network, where nobody listens"
example=$(mktemp)
sed -e 's|^url = .*|url = "ldap://127.0.0.1:1"|' -e 's|^password_file|#&|' -e 's|^#path = "/var|path = "/var|' \
    /usr/share/doc/adsync/examples/config.example.toml > "$example"
"${as_root[@]}" install -o root -g adsync -m 0640 "$example" /etc/adsync/config.toml
rm "$example"
said=$(cd / && "${as_root[@]}" setpriv --reuid=adsync --regid=adsync --init-groups \
    env -u ADSYNC_CONFIG HOME=/nonexistent ADSYNC_PASSWORD=x adsync check 2>&1 || true)
grep -q '^ok *settings */etc/adsync/config.toml' <<< "$said" || fail "check says: $said"
grep -q 'cannot connect to ldap://127.0.0.1:1' <<< "$said" || fail "check says: $said"

echo "Completion, as bash loads it"
(cd / && bash -c '
    source /usr/share/bash-completion/completions/adsync
    COMP_WORDS=(adsync imp) COMP_CWORD=1 COMP_TYPE=9
    _clap_complete_adsync adsync imp adsync 2> /dev/null
    [ "${COMPREPLY[*]}" = import ]
') || fail "bash does not complete adsync imp"

echo "What the administrator made stays, everything else goes"
"${as_root[@]}" dpkg --purge adsync > /dev/null 2>&1
"${as_root[@]}" test -e /etc/adsync/config.toml || fail "the settings are gone"
for file in /var/lib/adsync /usr/bin/adsync /usr/share/doc/adsync /usr/lib/systemd/system/adsync.timer; do
    [ ! -e "$file" ] || fail "$file is still there"
done

printf 'test-package: %s is well\n' "$(basename "$package")"
