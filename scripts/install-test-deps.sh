#!/usr/bin/env bash
# Installs what the end-to-end tests need on Debian and Ubuntu: Samba's Active Directory
# domain controller, OpenLDAP's server and command-line tools, 389 Directory Server, PostgreSQL,
# MariaDB, Kerberos with what building for it takes, a clock that can be set, a system that
# refuses what it is asked for, a browser for the pages of --report, a terminal, the shells that
# adsync completes words for, what reads manual pages, systemd's units and packages, Prometheus, which
# checks alerting rules, and what the commands of the documentation take. Says nothing and changes
# nothing when everything is there. No service is started.
set -euo pipefail

packages=(
    samba samba-ad-provision samba-dsdb-modules samba-vfs-modules
    ldb-tools ldap-utils libsasl2-modules openssl slapd 389-ds-base
    postgresql-15 postgresql-client-15 mariadb-server mariadb-client
    faketime strace chromium tmux zsh fish man-db mandoc dpkg-dev lintian systemd
    krb5-user libkrb5-dev libclang-dev pkg-config libsasl2-modules-gssapi-mit
    sudo cron mailutils sqlite3 acl gcc libc6-dev prometheus
)

fail() {
    printf 'install-test-deps: %s\n' "$*" >&2
    exit 1
}

installed() {
    [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null || true)" == installed ]]
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this system has no apt-get; install what these Debian packages hold: ${packages[*]}"
fi

missing=()
for package in "${packages[@]}"; do
    installed "$package" || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null ||
        fail "need root to run: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
policy_made=
cleanup() {
    rm -f "$log"
    if [[ -n $policy_made ]]; then
        "${as_root[@]}" rm -f "$policy"
    fi
}
trap cleanup EXIT

# The packages would start smbd, nmbd, slapd and databases for the whole machine. A script at this
# path that exits with 101 forbids it; one that is there already stays as it is.
if [[ ! -e $policy ]]; then
    policy_made=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 0755 "$policy"
fi

install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >"$log" 2>&1
}

printf 'install-test-deps: installing %s\n' "${missing[*]}" >&2
if ! install; then
    # Most often the package lists are old, or were never fetched.
    "${as_root[@]}" apt-get update --quiet >"$log" 2>&1 || {
        cat "$log" >&2
        fail "apt-get update failed; its output is above"
    }
    install || {
        cat "$log" >&2
        fail "apt-get install failed; its output is above"
    }
fi
