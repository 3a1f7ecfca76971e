//! What goes to standard output and standard error, and how.
//!
//! Data goes to standard output, everything else to standard error. Text from outside passes
//! [`sanitise::legible`] before a person sees it; JSON and CSV have values unchanged.

pub mod changes;
mod confirmation;
pub mod csv;
pub mod difference;
pub mod file;
mod formulas;
pub mod history;
pub mod json;
pub mod log;
mod observer;
pub mod outcome;
pub mod page;
pub mod picker;
mod question;
pub mod report;
mod sanitise;
pub mod search;
pub mod table;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};

use crate::cli::{Format, Global, LogFormat, When};
use crate::error::Failure;
use crate::util::threads;

use formulas::WithoutFormulas;
pub use sanitise::legible;

/// The buffer size of standard output, in bytes.
const OUTPUT_BUFFER: usize = 64 * 1024;

/// What is printed, where, and in which colours.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own, and none excludes another.
pub struct Output {
    /// How results are printed.
    pub format: Format,
    /// Whether to print only if users were changed or something is wrong.
    pub quiet: bool,
    /// Whether results are coloured.
    pub color: bool,
    /// Whether results are read at a terminal.
    pub is_terminal: bool,
    /// Whether messages at the terminal are coloured.
    pub color_errors: bool,
    /// Whether standard error is a log, read line by line by a program.
    is_log: bool,
    /// Whether a person watches standard error.
    watched: bool,
    /// Whether a person watches standard error and can answer on standard input.
    pub can_ask: bool,
    /// Whether the output is CSV meant for a spreadsheet.
    no_formulas: bool,
}

impl Output {
    /// As the command line and the terminal say.
    pub fn new(global: &Global) -> Self {
        let colored = |is_terminal: bool| match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let set = |name| std::env::var_os(name).is_some_and(|it| !it.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
                is_terminal && !set("NO_COLOR") && !dumb
            }
        };
        Self {
            format: global.format,
            no_formulas: global.csv_safe && global.format == Format::Csv,
            quiet: global.quiet,
            color: colored(io::stdout().is_terminal()),
            is_terminal: io::stdout().is_terminal(),
            color_errors: colored(io::stderr().is_terminal()),
            is_log: global.log_format == LogFormat::Json,
            watched: io::stderr().is_terminal() && global.log_format == LogFormat::Text,
            can_ask: io::stdin().is_terminal() && io::stderr().is_terminal(),
        }
    }

    /// Prints a result. A closed pipe is not an error.
    pub fn result(&self, text: &str) -> io::Result<()> {
        self.stream(|out| {
            out.write_all(text.as_bytes())?;
            if text.is_empty() || text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        })
    }

    /// Prints a result piece by piece. A closed pipe is not an error.
    pub fn stream(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut pipe = Pipe {
            out: io::stdout().lock(),
            is_closed: false,
        };
        let mut out = io::BufWriter::with_capacity(OUTPUT_BUFFER, &mut pipe);
        let written = if self.no_formulas {
            write(&mut WithoutFormulas::new(&mut out))
        } else {
            write(&mut out)
        };
        let written = written.and_then(|()| out.flush());
        // The rest of the buffer has nowhere to go.
        drop(out.into_parts());
        match written {
            Err(error) if !pipe.is_closed => Err(io::Error::new(
                error.kind(),
                format!("cannot write to standard output: {error}"),
            )),
            _ => Ok(()),
        }
    }

    /// Tells a person who watches what is going on.
    pub fn note(&self, text: &str) {
        if self.watched && !self.quiet {
            say(&legible(text));
        }
    }

    /// Says something a person should know, even when nobody watches.
    pub fn warn(&self, text: &str) {
        if self.is_log {
            return say(&log::said("warn", text));
        }
        self.say_labelled("warning:", "33", text);
    }

    /// Says why the command cannot continue, and what to do.
    pub fn failure(&self, failure: &Failure) {
        if self.format == Format::Json {
            // When standard output cannot be written, standard error still can.
            let _ = self.result(&json::failure(failure));
        }
        self.explain(failure);
    }

    /// The same for people only, on standard error.
    pub fn explain(&self, failure: &Failure) {
        if self.is_log {
            return say(&log::failure(failure));
        }
        self.say_labelled("error:", "1;31", &failure.message);
        if let Some(hint) = &failure.hint {
            self.say_labelled("hint:", "36", hint);
        }
    }

    fn say_labelled(&self, label: &str, code: &str, text: &str) {
        let label = colored(label, code, self.color_errors);
        say(&format!("{label} {}", legible(text)));
    }

    /// Whether a list to pick from can be drawn.
    pub fn can_draw(&self) -> bool {
        self.can_ask && std::env::var_os("TERM").is_none_or(|it| it != "dumb")
    }

    /// What shows a person who watches how far a step is, by the expected number if it is known.
    fn bar(&self, total: Option<u64>, template: &str, what: &str) -> ProgressBar {
        if !self.watched || self.quiet {
            return ProgressBar::hidden();
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let bar = bar.with_finish(ProgressFinish::AndClear);
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.set_style(
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .with_key(
                    "rate",
                    |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                        // A line that cannot be drawn is redrawn in a tenth of a second.
                        let _ = write!(out, "{:.0}/s", state.per_sec());
                    },
                ),
        );
        bar.set_message(legible(what));
        // It is animated by a thread, and would panic if none can be started.
        if threads::spawn("adsync-trial", || ()).is_ok() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        bar
    }
}

/// A text in a colour (an SGR code), if there are colours.
pub fn colored(text: &str, code: &str, color: bool) -> String {
    if color {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// Standard output, and whether its reader has gone: the libraries that write to it wrap that
/// error in one of their own.
struct Pipe<W> {
    out: W,
    is_closed: bool,
}

impl<W: Write> Pipe<W> {
    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        let is_broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        self.is_closed |= result.as_ref().err().is_some_and(is_broken);
        result
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.watch(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.watch(flushed)
    }
}

/// Prints a line on standard error.
pub fn say(line: &str) {
    // If standard error is closed nobody can be told.
    let _ = writeln!(io::stderr().lock(), "{line}");
}
