//! Runs that are measured, for Prometheus: whatever becomes of them.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Metrics;
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::output::file::{Content, OutputFile};
use crate::output::report::buckets;
use crate::plan::Counts;
use crate::store::{Command, PastRun, Runs, View};

/// The commands that are measured.
const COMMANDS: [Command; 2] = [Command::Sync, Command::Import];

/// Runs the story of a command, and writes down how it went, if there is a file for that. That this fails is said,
/// and changes nothing about the run.
pub fn with_metrics(
    command: Command,
    file: Option<&Path>,
    store: &dyn Fn() -> anyhow::Result<Box<dyn View>>,
    output: &Output,
    run: impl FnOnce() -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let Some(file) = file else {
        return run();
    };
    let began = Timestamp::now();
    let clock = Instant::now();
    let result = run();
    if let Some(code) = exit_code(&result) {
        let metrics = measure(command, began, clock.elapsed(), code, store);
        let text = metrics.render();
        let file = OutputFile::at(file, Content::Metrics);
        let written = file.and_then(|it| it.write(|out| out.write_all(text.as_bytes())));
        if let Err(error) = written {
            output.warn(&error.to_string());
        }
    }
    result
}

/// How it ended; none of what was typed wrongly and so was never a run.
fn exit_code(result: &anyhow::Result<ExitCode>) -> Option<ExitCode> {
    match result {
        Ok(code) => Some(*code),
        Err(error) => match Failure::explain(error).kind {
            Kind::Usage | Kind::UnknownName => None,
            kind => Some(kind.exit_code()),
        },
    }
}

fn measure(
    command: Command,
    began: Timestamp,
    duration: Duration,
    code: ExitCode,
    store: &dyn Fn() -> anyhow::Result<Box<dyn View>>,
) -> Metrics {
    let mut metrics = Metrics {
        command,
        mode: None,
        ended_at: Timestamp::now(),
        duration,
        exit_code: code as u8,
        checked: 0,
        results: buckets(&Counts::default()).to_vec(),
        successes: Vec::new(),
        users: Vec::new(),
    };
    // What the store says is left out where it cannot be asked: the run failed for that.
    if let Err(error) = ask(&mut metrics, began, code, store) {
        log::info!("no users are counted for the metrics_file: {error}");
    }
    metrics
}

fn ask(
    metrics: &mut Metrics,
    began: Timestamp,
    code: ExitCode,
    store: &dyn Fn() -> anyhow::Result<Box<dyn View>>,
) -> anyhow::Result<()> {
    let reader = store()?;
    let is_this = |run: &PastRun| {
        // While another run held the store, or without usable settings, it was not noted.
        !matches!(code, ExitCode::Busy | ExitCode::Usage)
            && run.command == metrics.command
            && run.started_at.as_second() >= began.as_second()
    };
    if let Some(run) = reader.runs(Runs::Last(1))?.into_iter().find(is_this) {
        metrics.checked = run.counts.checked;
        metrics.results = buckets(&run.counts).to_vec();
        metrics.mode = Some(run.mode);
    }
    for command in COMMANDS {
        let success = reader.last_success(command)?;
        metrics.successes.extend(success.map(|at| (command, at)));
    }
    let user_counts = reader.counts()?;
    metrics.users.push(("local", "ok", user_counts.local));
    let directory = user_counts.directory.into_iter();
    metrics
        .users
        .extend(directory.map(|(status, count)| ("directory", status.name(), count)));
    Ok(())
}
