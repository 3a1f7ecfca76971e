//! What it was measured on.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::measure;
use crate::process;
use crate::table::megabytes;

/// The machine and the programs, as a list in Markdown.
pub fn facts() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let facts = [
        ("date", jiff::Zoned::now().date().to_string()),
        (
            "processor",
            format!("{}, {cores} cores", value("/proc/cpuinfo", "model name")),
        ),
        ("memory", memory()),
        ("kernel", kernel()),
        ("load average before", load_average()),
        ("adsync", version(env!("CARGO_BIN_EXE_adsync"), "--version")),
        ("slapd", version_of("slapd", "-VV")),
        ("ldapsearch", version_of("ldapsearch", "-VV")),
        ("Samba", version_of("samba", "--version")),
        (
            "smallest peak of memory that can be seen",
            format!("{} MB", megabytes(measure::smallest_peak()?)),
        ),
    ];
    let lines = facts.map(|(name, fact)| format!("- {name}: {fact}\n"));
    Ok(lines.concat())
}

fn memory() -> String {
    let kilobytes = value("/proc/meminfo", "MemTotal")
        .trim_end_matches(" kB")
        .parse::<u64>();
    kilobytes.map_or_else(
        |_| "unknown".to_owned(),
        |number| format!("{} GiB", (number + (1 << 19)) >> 20),
    )
}

/// The value of a line `key : value`.
fn value(file: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map_or("unknown".to_owned(), |(_, value)| value.trim().to_owned())
}

/// Its version, without what a distribution appends.
fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let version = release.trim().split('-').next().unwrap_or_default();
    format!("Linux {version}")
}

/// Of the last minute.
fn load_average() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split(' ').next().unwrap_or_default().to_owned()
}

fn version_of(program: &str, argument: &str) -> String {
    process::find(program, program).map_or("not installed".to_owned(), |path| {
        version(&path.display().to_string(), argument)
    })
}

/// The first line of what a program says of itself, without the decoration of `what(1)`.
fn version(program: &str, argument: &str) -> String {
    let Ok(said) = Command::new(program).arg(argument).output() else {
        return "unknown".to_owned();
    };
    let text = [said.stdout, said.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next().unwrap_or("unknown");
    let line = line.trim_start_matches("@(#) ").trim_matches(['$', ' ']);
    let line = line.split_once(" (").map_or(line, |(version, _)| version);
    line.rsplit(' ').next().unwrap_or(line).to_owned()
}
