//! SIGINT and SIGTERM: a run stops cleanly, and always says the truth about what it changed.
//!
//! Before the plan is committed the process may end at any moment, for nothing was changed. While
//! it is committed the signal waits; after that the run is as good as over, and has a moment to end by itself: whoever
//! reads its result may not be reading any more.

use std::io;
#[cfg(unix)]
use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::AtomicBool;
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use crate::error::{Failure, Kind};
#[cfg(unix)]
use crate::exit_code::ExitCode;
use crate::output::Output;
#[cfg(unix)]
use crate::run::commit;
#[cfg(unix)]
use crate::util::threads;

/// How long a run whose plan was committed may take to tell its result, once it is to stop.
#[cfg(unix)]
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Ends the process on SIGINT or SIGTERM: with exit code 1, or 7 if a plan was committed.
///
/// So it does where the process gives up (SIGABRT), for which it has said the reason by then: a system without memory
/// is none for a core dump.
#[cfg(unix)]
pub fn watch(output: &Output) -> io::Result<()> {
    use signal_hook::consts::{SIGABRT, SIGINT, SIGTERM};
    let always = Arc::new(AtomicBool::new(true));
    for (code, condition) in [
        (ExitCode::Partial, commit::flag()),
        (ExitCode::Failed, always),
    ] {
        signal_hook::flag::register_conditional_shutdown(SIGABRT, code as i32, condition)?;
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    let output = output.clone();
    threads::spawn("adsync-signals", move || {
        for signal in signals.forever() {
            // It waits while a plan is committed.
            let committed = commit::committed();
            let name = if signal == SIGINT {
                "SIGINT"
            } else {
                "SIGTERM"
            };
            let failure = if let Some(run) = *committed {
                std::thread::sleep(LAST_WORDS);
                let message =
                    format!("stopped by {name}; run {run} was done, but its result is lost");
                let hint = format!("`adsync history {run}` shows what it did");
                Failure::new(Kind::OutputFailed, message).hint(hint)
            } else {
                let message = format!("stopped by {name}; nothing was changed");
                Failure::new(Kind::Failed, message)
            };
            tell(&output, failure);
        }
    })
    .map(drop)
}

/// Gives the terminal back, says it, and ends the process: the lock of the store and its transaction end with it. A
/// reader of standard output that reads no more is not waited for.
#[cfg(unix)]
#[allow(clippy::exit)]
fn tell(output: &Output, failure: Failure) {
    let code = failure.kind.exit_code();
    crate::output::picker::give_back();
    let output = output.clone();
    let (done, told) = std::sync::mpsc::channel();
    // Where there is no thread to be had, the exit code has to do.
    let _ = threads::spawn("adsync-last-words", move || {
        match code {
            // What there is of the result is no JSON.
            ExitCode::Partial => output.explain(&failure),
            _ => output.failure(&failure),
        }
        // Nobody waits any more: then nobody needs to know.
        let _ = done.send(());
    });
    let _ = told.recv_timeout(LAST_WORDS);
    std::process::exit(code as i32);
}

/// Signals do what they do on this system.
#[cfg(not(unix))]
pub fn watch(_output: &Output) -> io::Result<()> {
    Ok(())
}
