#!/usr/bin/env bash
# Builds the Debian package and says where it is, on standard output. Installs cargo-deb below target/tools
# when it is not there; that takes a minute or two, once.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo_deb=target/tools/bin/cargo-deb
version=3.8.0

# The package can log in with Kerberos, for which its headers must be there.
if ! pkg-config --exists krb5-gssapi 2> /dev/null; then
    echo "package: needs Kerberos to build: apt-get install libkrb5-dev libclang-dev pkg-config" >&2
    exit 1
fi
cargo build --release --locked --quiet --features kerberos --bin adsync
if [ "$("$cargo_deb" --version 2> /dev/null || true)" != "cargo-deb $version" ]; then
    echo "package: building cargo-deb $version" >&2
    # It packs one small program: it need not be fast itself, but soon there.
    cargo install cargo-deb --version "$version" --locked --debug --root target/tools --quiet >&2
fi

# The same commit gives the same package.
if [ -z "${SOURCE_DATE_EPOCH:-}" ] && git rev-parse --quiet --verify HEAD > /dev/null 2>&1; then
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    export SOURCE_DATE_EPOCH
fi

target=$(cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
rm -rf target/man
"$target/release/adsync" man target/man
"$cargo_deb" --no-build --locked --quiet
