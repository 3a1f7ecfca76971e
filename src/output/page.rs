//! A run as a page of HTML, for those who do not use a terminal.
//!
//! The page is one file: it loads nothing, and its policy allows only its own style and script.
//! Values enter it as `Text`, which removes what would act or disguise; the template escapes the rest.

mod lists;
mod text;

use std::io;

use askama::Template;
use jiff::tz::TimeZone;

use crate::output::report::Report;
use crate::output::table::took;
use crate::store::{Command, Mode};

use lists::List;
use text::{Cell, Text};

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: Text,
    /// RFC 3339.
    started_at: String,
    started_at_here: String,
    host: Text,
    reach: &'static str,
    took: String,
    notice: Option<Notice>,
    numbers: Vec<Number>,
    others: String,
    lists: Vec<List>,
    version: &'static str,
}

/// The notice that nothing was changed, and why.
struct Notice {
    kind: &'static str,
    title: &'static str,
    text: Text,
    hint: Option<Text>,
}

/// A number, shown large.
struct Number {
    /// The list it counts, and its colour.
    kind: &'static str,
    what: &'static str,
    count: usize,
    shown: String,
}

/// Writes a run.
pub fn write(out: &mut dyn io::Write, report: &Report<'_>) -> io::Result<()> {
    Page::new(report).write_into(out)
}

impl Page {
    fn new(report: &Report<'_>) -> Self {
        let run = report.run;
        let lists = lists::of(report);
        let local = run.started_at.to_zoned(TimeZone::system());
        Self {
            title: Text::new(&match report.number {
                Some(number) => format!("adsync {}, run {number}", run.command),
                None => format!("adsync {}", run.command),
            }),
            started_at: run.started_at.to_string(),
            started_at_here: local.strftime("%A, %-d %B %Y, %H:%M %Z").to_string(),
            host: Text::new(&whoami::hostname().unwrap_or_else(|_| "?".to_owned())),
            reach: match run.mode {
                Mode::Full => "all users",
                Mode::Delta => "all users, by change mark",
                Mode::Selected => "selected users",
            },
            took: took(run.duration_ms()),
            notice: notice(report),
            numbers: numbers(report, &lists),
            others: others(report),
            lists,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

fn notice(report: &Report<'_>) -> Option<Notice> {
    if let Some(failure) = report.refusal {
        return Some(Notice {
            kind: "refused",
            title: "Refused: nothing was changed.",
            text: Text::new(&failure.message),
            hint: failure.hint.as_deref().map(Text::new),
        });
    }
    if report.dry_run {
        return Some(Notice {
            kind: "rehearsed",
            title: "Dry run: nothing was changed.",
            text: Text::new("This is what a run would do."),
            hint: None,
        });
    }
    let left = &report.run.left;
    (!left.is_empty()).then(|| Notice {
        kind: "rehearsed",
        title: "Not everything could be taken back.",
        text: Text::new(&left.join("; ")),
        hint: None,
    })
}

/// The numbers a person looks for, and those of the lists present.
fn numbers(report: &Report<'_>, lists: &[List]) -> Vec<Number> {
    let count = |kind: &str| {
        lists
            .iter()
            .find(|it| it.kind == kind)
            .map_or(0, |it| it.count)
    };
    let is_undo = report.run.undoes.is_some();
    let is_import = report.run.command == Command::Import;
    let new = if is_undo { "restored" } else { "imported" };
    [
        ("imported", new, is_import || is_undo),
        ("modified", "modified", !is_import),
        ("deleted", "deleted", !is_import),
        ("duplicate", "duplicate", true),
        ("out_of_scope", "out of scope", false),
        ("missing", "missing", false),
        ("failed", "failed", false),
    ]
    .into_iter()
    .map(|(kind, what, always)| (kind, what, always, count(kind)))
    .filter(|(_, _, always, count)| *always || *count > 0)
    .map(|(kind, what, _, count)| Number {
        kind,
        what,
        count,
        shown: grouped(count as u64),
    })
    .collect()
}

fn others(report: &Report<'_>) -> String {
    let (checked, unchanged) = (report.plan.checked(), report.plan.untouched());
    let users = if checked == 1 { "user" } else { "users" };
    format!(
        "{} {users} checked, {} unchanged.",
        grouped(checked),
        grouped(unchanged)
    )
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}
