//! The steps of a check and their results: kept for JSON and CSV, printed one by one at a terminal.

use std::io;

use serde::Serialize;

use crate::cli::Format;
use crate::error::{Failure, Kind};
use crate::output::{Output, colored, csv, json, legible, table};

/// The width of the names of steps.
const STEP_WIDTH: usize = 10;

/// The column at which a step's text begins, after its mark and its name.
const INDENT: usize = 4 + 2 + STEP_WIDTH + 2;

/// The result of a step.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    Warning,
    Failed,
}

/// A step and its result.
#[derive(Serialize)]
pub struct Line {
    step: &'static str,
    outcome: Outcome,
    message: String,
    hint: Option<String>,
    /// Commands that fix it.
    commands: Vec<String>,
}

/// All steps so far.
pub struct Findings<'a> {
    output: &'a Output,
    lines: Vec<Line>,
    /// The first failure decides the exit code.
    pub failure: Option<Kind>,
    /// The first error of printing.
    unsaid: io::Result<()>,
}

impl<'a> Findings<'a> {
    /// No steps yet.
    pub fn new(output: &'a Output) -> Self {
        Self {
            output,
            lines: Vec::new(),
            failure: None,
            unsaid: Ok(()),
        }
    }

    pub fn ok(&mut self, step: &'static str, message: impl Into<String>) {
        self.add(step, Outcome::Ok, message.into(), None, Vec::new());
    }

    pub fn warn(
        &mut self,
        step: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.warn_with(step, message, hint, Vec::new());
    }

    /// A warning, with commands that fix it.
    pub fn warn_with(
        &mut self,
        step: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
        commands: Vec<String>,
    ) {
        let hint = Some(hint.into());
        self.add(step, Outcome::Warning, message.into(), hint, commands);
    }

    pub fn fail(&mut self, step: &'static str, failure: impl Into<Failure>) {
        self.fail_with(step, failure.into(), Vec::new());
    }

    /// A failure, with commands that fix it.
    pub fn fail_with(&mut self, step: &'static str, failure: Failure, commands: Vec<String>) {
        let Failure {
            kind,
            message,
            hint,
        } = failure;
        self.failure.get_or_insert(kind);
        self.add(step, Outcome::Failed, message, hint, commands);
    }

    /// A person sees each step as it finishes, since the next may take a while.
    fn add(
        &mut self,
        step: &'static str,
        outcome: Outcome,
        message: String,
        hint: Option<String>,
        commands: Vec<String>,
    ) {
        let line = Line {
            step,
            outcome,
            message,
            hint,
            commands,
        };
        if self.output.format == Format::Table && !self.output.quiet && self.unsaid.is_ok() {
            self.unsaid = self.output.result(&as_text(&line, self.output));
        }
        self.lines.push(line);
    }

    /// Prints the steps not printed yet.
    pub fn finish(self) -> io::Result<()> {
        self.unsaid?;
        let is_well = self.lines.iter().all(|line| line.outcome == Outcome::Ok);
        if self.output.quiet && is_well {
            return Ok(());
        }
        let (lines, output) = (&self.lines, self.output);
        match output.format {
            Format::Table if !output.quiet => Ok(()),
            Format::Table => {
                let lines = lines.iter().map(|line| as_text(line, output));
                output.result(&lines.collect::<String>())
            }
            Format::Json => {
                #[derive(Serialize)]
                struct Checked<'a> {
                    ok: bool,
                    steps: &'a [Line],
                }
                let ok = self.failure.is_none();
                json::print(Checked { ok, steps: lines }, output)
            }
            Format::Csv => {
                let header = ["step", "outcome", "message", "hint", "commands"];
                csv::print(header, output, |csv| {
                    lines.iter().try_for_each(|line| {
                        let Line {
                            step,
                            outcome,
                            message,
                            hint,
                            commands,
                        } = line;
                        csv.serialize((step, outcome, message, hint, commands.join("\n")))
                    })
                })
            }
        }
    }
}

fn as_text(line: &Line, output: &Output) -> String {
    let mark = match line.outcome {
        Outcome::Ok => ("ok  ", "32"),
        Outcome::Warning => ("warn", "33"),
        Outcome::Failed => ("FAIL", "1;31"),
    };
    let mut text = legible(&line.message);
    if let Some(hint) = &line.hint {
        text = format!("{text}\n→ {}", legible(hint));
    }
    let step = format!("{:<STEP_WIDTH$}", line.step);
    let said = table::step(output, mark, &step, &text);
    // Not wrapped, so they can be copied.
    let commands = line.commands.iter().map(|command| {
        let command = colored(&legible(command), "36", output.color);
        format!("{:INDENT$}{command}\n", "")
    });
    said + &commands.collect::<String>()
}
