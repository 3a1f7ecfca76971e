//! Threads. If the system refuses one, that is an error, never a panic.

use std::{io, thread};

/// Starts one.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| {
        let what = format!("the system gives this process no more threads: {error}");
        io::Error::new(error.kind(), what)
    })
}
