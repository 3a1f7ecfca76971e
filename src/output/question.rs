//! A question to the person at the terminal, who answers with a line.

use std::io::{self, Write};
use std::sync::mpsc;
use std::time::Duration;

use crate::util::threads;

/// How long to wait for an answer. The run holds the store meanwhile, and what it has read of the
/// directory grows old: a question left open must not stop the nightly run.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `y` or `yes`, any case.
    Yes,
    /// Anything else, end of input included.
    No,
    /// Nothing, for too long.
    None,
}

/// Asks for yes or no at the terminal, below what the question is about.
pub fn ask(about: &str, question: &str) -> Answer {
    let mut terminal = io::stderr();
    // Whoever cannot read the question cannot have answered yes.
    let _ = write!(terminal, "{about}\n{question} [y/N] ").and_then(|()| terminal.flush());
    let answer = wait(
        || {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        },
        PATIENCE,
    );
    if answer == Answer::None {
        let _ = writeln!(terminal);
    }
    answer
}

/// Reads on a thread of its own, since a read from a terminal has no deadline.
fn wait(read: impl FnOnce() -> io::Result<String> + Send + 'static, patience: Duration) -> Answer {
    let (give, take) = mpsc::channel();
    // Without a thread nobody is listening, which is no answer.
    let _ = threads::spawn("adsync-question", move || {
        // After the deadline nobody listens.
        let _ = give.send(read().unwrap_or_default());
    });
    match take.recv_timeout(patience) {
        Ok(line) if ["y", "yes"].contains(&line.trim().to_lowercase().as_str()) => Answer::Yes,
        Ok(_) => Answer::No,
        Err(_) => Answer::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &'static str) -> Answer {
        wait(|| Ok(text.to_owned()), PATIENCE)
    }

    #[test]
    fn only_yes_is_yes() {
        for yes in ["y\n", "Y\n", "yes\n", " YES \r\n", "y"] {
            assert_eq!(answer(yes), Answer::Yes, "{yes:?}");
        }
        for no in ["", "\n", "n\n", "no\n", "yy\n", "ja\n", "yes please\n"] {
            assert_eq!(answer(no), Answer::No, "{no:?}");
        }
    }

    #[test]
    fn nobody_is_waited_for_without_end() {
        let (_open, silent) = mpsc::channel();
        let read = move || silent.recv().map_err(io::Error::other);
        assert_eq!(wait(read, Duration::from_millis(10)), Answer::None);
    }
}
