//! One process: how long it took, how much of the processor and of memory.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// By the clock on the wall.
    pub time: Duration,
    /// User and system time.
    pub cpu: Duration,
    /// The largest resident set, in bytes.
    pub peak: u64,
}

/// What becomes of standard output, and when the clock stops.
pub enum Output {
    /// It goes to `/dev/null`.
    Discard,
    /// It goes to a file.
    Keep(File),
    /// It goes to a pipe whose reader leaves after the first line; the clock stops there.
    FirstLine,
}

/// Runs a process to its end, which must be a success. Returns what it said on standard error too.
pub fn run(command: &mut Command, output: Output) -> Result<(Sample, String)> {
    let mut errors = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stderr(errors.try_clone()?);
    let first_line_only = matches!(output, Output::FirstLine);
    command.stdout(match output {
        Output::Discard => Stdio::null(),
        Output::Keep(file) => file.into(),
        Output::FirstLine => Stdio::piped(),
    });
    forget_own_peak()?;
    let name = command.get_program().display().to_string();
    let started = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("failed to start {name}"))?;
    let first_line = first_line_only.then(|| read_line(&mut child).map(|()| started.elapsed()));
    let used = child.wait4()?;
    let ended = started.elapsed();
    let mut said = String::new();
    errors.rewind()?;
    errors.read_to_string(&mut said)?;
    if !used.status.success() {
        bail!("{name} ended with {}\n{said}", used.status);
    }
    let sample = Sample {
        time: first_line.transpose()?.unwrap_or(ended),
        cpu: used.rusage.utime + used.rusage.stime,
        peak: used.rusage.maxrss,
    };
    Ok((sample, said))
}

/// The peak of a process that uses next to nothing: less cannot be seen, because the kernel counts
/// what the benchmark's own memory was when it made the process.
pub fn smallest_peak() -> Result<u64> {
    let (sample, _) = run(&mut Command::new("true"), Output::Discard)?;
    Ok(sample.peak)
}

/// Sets the mark of the benchmark's own greatest size back, for the same reason (`proc_pid_clear_refs(5)`).
fn forget_own_peak() -> Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("cannot reset the peak of memory")
}

fn read_line(child: &mut Child) -> Result<()> {
    let pipe = child.stdout.take().context("its output is a pipe")?;
    let mut line = Vec::new();
    BufReader::new(pipe).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        bail!("it printed nothing");
    }
    Ok(())
}
