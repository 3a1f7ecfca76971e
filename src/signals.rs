//! SIGINT and SIGTERM: a run stops cleanly, and always says the truth about what it changed.
//!
//! Before the plan is committed the process may end at any moment, for nothing was changed. While
//! it is committed the signal waits; after that the run is as good as over and ends by itself.

use std::sync::{Mutex, PoisonError};
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use crate::exit_code::ExitCode;
#[cfg(unix)]
use crate::failure::{Failure, Kind};
use crate::output::Output;

/// Whether this process has committed a plan.
static COMMITTED: Mutex<bool> = Mutex::new(false);

/// Ends the process on SIGINT or SIGTERM with exit code 1, unless a plan was committed.
#[cfg(unix)]
pub fn watch(output: &Output) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    let output = output.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let committed = COMMITTED.lock().unwrap_or_else(PoisonError::into_inner);
            if *committed {
                continue;
            }
            let name = if signal == SIGINT {
                "SIGINT"
            } else {
                "SIGTERM"
            };
            tell(&output, format!("stopped by {name}; nothing was changed"));
            end();
        }
    });
}

/// Gives the terminal back and says it, but does not wait for a reader of standard output that reads no more.
#[cfg(unix)]
fn tell(output: &Output, message: String) {
    crate::output::picker::give_back();
    let output = output.clone();
    let (done, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        output.failure(&Failure::new(Kind::Failed, message));
        // Nobody waits any more: then nobody needs to know.
        let _ = done.send(());
    });
    let _ = told.recv_timeout(Duration::from_secs(1));
}

/// Signals do what they do on this system.
#[cfg(not(unix))]
pub fn watch(_output: &Output) {}

/// The lock of the store and its transaction end with the process.
#[cfg(unix)]
#[allow(clippy::exit)]
fn end() {
    std::process::exit(ExitCode::Failed as i32);
}

/// Commits a plan; a signal waits until it is known whether it was.
pub fn while_committing<T, E>(commit: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let mut committed = COMMITTED.lock().unwrap_or_else(PoisonError::into_inner);
    let result = commit();
    *committed = result.is_ok();
    result
}
