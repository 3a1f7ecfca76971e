#!/usr/bin/env bash
# Asks cargo-deny for licences, sources, duplicate versions, and, where its database can be reached, for known
# weaknesses. Installs it under target/tools; to build it takes three minutes of a processor, so it is not part of
# scripts/test.sh, whose tests (tests/supply_chain.rs) watch over all but the weaknesses.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
tool=target/tools/bin/cargo-deny
if [ "$("$tool" --version 2> /dev/null)" != "cargo-deny $version" ]; then
    cargo install cargo-deny --version "$version" --locked --root target/tools
fi

"$tool" --locked check licenses bans sources

# The database is a git repository on GitHub.
if ! "$tool" --locked check advisories; then
    echo "known weaknesses: see above; where the database could not be fetched, nothing is known of any" >&2
    exit 1
fi
