//! A run as a watching person sees it.

use indicatif::ProgressBar;

use super::{Output, confirmation};
use crate::error::Failure;
use crate::exit_code::ExitCode;
use crate::plan::Plan;
use crate::run::{Confirmation, Observer, Progress};
use crate::store::Command;

impl Observer for Output {
    fn warn(&self, text: &str) {
        Self::warn(self, text);
    }

    fn note(&self, text: &str) {
        Self::note(self, text);
    }

    fn counting(&self, what: &str, total: Option<u64>) -> Box<dyn Progress> {
        let template = match total {
            Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} ({rate}, {eta} left)",
            None => "{spinner} {msg}: {human_pos} ({rate})",
        };
        Box::new(Bar(self.bar(total, template, what)))
    }

    fn working(&self, what: &str) -> Box<dyn Progress> {
        Box::new(Bar(self.bar(None, "{spinner} {msg} ({elapsed})", what)))
    }

    fn confirm(&self, plan: &Plan, command: Command) -> Confirmation {
        confirmation::of_deletions(plan, command, self)
    }

    fn noted(&self, error: &anyhow::Error) -> Option<String> {
        let failure = Failure::explain(error);
        // A usage error was never a run, and a finished run is recorded already.
        match failure.kind.exit_code() {
            ExitCode::Usage | ExitCode::Partial => None,
            _ => Some(failure.message),
        }
    }
}

/// A bar at the terminal, or none.
struct Bar(ProgressBar);

impl Progress for Bar {
    /// The expected number is the last run's: if there are more, the bar says so.
    fn advance(&self, by: u64) {
        let Self(bar) = self;
        bar.inc(by);
        if bar.length().is_some_and(|length| bar.position() > length) {
            bar.set_length(bar.position());
        }
    }

    fn describe(&self, what: &str) {
        self.0.set_message(super::legible(what));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
