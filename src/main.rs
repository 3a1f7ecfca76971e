//! The `adsync` binary: everything it does is in the library.

use std::process::ExitCode;

/// Reading a large directory is decoding many small values: the system's allocator would cost a third of
/// the time (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    adsync::run().into()
}
