#!/usr/bin/env bash
# Everything a change must pass: format, lints, unit, property and end-to-end tests, a short form of the
# benchmarks, the Debian package, documentation, and the quickstart. Installs what the tests need (Debian's
# packages) when it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
    printf '\n== %s\n' "$*"
}

step "Rust: $(rustc --version), at least the rust-version of Cargo.toml"
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
found=$(rustc --version | cut -d ' ' -f 2)
if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
    echo "rustc $found is older than rust-version $wanted" >&2
    exit 1
fi
# The stated version itself builds it, where it is at hand beside a newer one.
if [ "${found%.*}" != "$wanted" ] && cargo "+$wanted" --version > /dev/null 2>&1; then
    cargo "+$wanted" check --workspace --locked
fi

step "What the tests need"
./scripts/install-test-deps.sh

step "Format"
cargo fmt --all --check

step "Lints, with and without Kerberos"
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

step "Tests, with Kerberos"
cargo test --workspace --all-features --locked

step "Tests of what an adsync without Kerberos says"
cargo test --test cli --locked kerberos

step "Benchmarks, in short"
# With the features of the package, so that the two share one build.
cargo bench --bench side_by_side --features kerberos --locked -- --short

step "Debian package"
./scripts/test-package.sh

step "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

step "Quickstart"
./scripts/quickstart.sh

step "All passed"
