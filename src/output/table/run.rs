//! A run as a table: a row for each user with something to say, then the numbers.

use comfy_table::{Cell, Color};

use super::phrases::Detail;
use super::{bare, colored, detail, label, width, with_what};
use crate::output::report::Report;
use crate::output::{Output, legible};
use crate::plan::Plan;
use crate::user::Status;

/// How many new users a table lists; `adsync list` has them all.
const NEW_USERS: usize = 20;

/// How many users of each kind a terminal shows.
const AT_A_TERMINAL: usize = 50;

/// The rows of a table, made only for the users it shows.
struct Rows<'a> {
    output: &'a Output,
    rows: Vec<(Vec<Cell>, Detail)>,
}

impl Rows<'_> {
    fn add<'b, T: 'b>(
        &mut self,
        users: impl IntoIterator<Item = &'b T>,
        limit: Option<usize>,
        rest: &str,
        row: impl Fn(&'b T) -> Row<'b>,
    ) {
        let mut users = users.into_iter();
        let shown = users.by_ref().take(limit.unwrap_or(usize::MAX)).map(row);
        let mut last = None;
        for Row {
            result,
            color,
            username,
            what,
        } in shown
        {
            let cells = vec![
                colored(self.output, result, color),
                Cell::new(legible(username)),
            ];
            self.rows.push((cells, what));
            last = Some((result, color));
        }
        let more = users.count();
        if let Some((result, color)) = last.filter(|_| more > 0) {
            let cells = vec![colored(self.output, result, color), Cell::new("")];
            let what = Detail::words(format!("… and {more} more ({rest})"));
            self.rows.push((cells, what));
        }
    }
}

struct Row<'a> {
    result: &'a str,
    color: Color,
    username: &'a str,
    what: Detail,
}

/// The table of a run.
pub fn run(output: &Output, report: &Report<'_>) -> String {
    let rows = rows(output, report);
    let table = if rows.is_empty() {
        String::new()
    } else {
        with_what(output, &["RESULT", "USERNAME", "WHAT"], rows, &[]) + "\n"
    };
    format!("{table}{}\n", summary(output, report))
}

fn rows(output: &Output, report: &Report<'_>) -> Vec<(Vec<Cell>, Detail)> {
    let mut rows = Rows {
        output,
        rows: Vec::new(),
    };
    let Plan {
        unchanged: _,
        refreshed: _,
        imported,
        modified,
        deleted,
        duplicate,
        out_of_scope,
        missing,
        failed,
        foreign: _,
        sample: _,
    } = report.plan;
    let limit = output.is_terminal.then_some(AT_A_TERMINAL);
    let again = "--format json for all";
    // A finished run cannot be asked again, but the history can.
    let done = match report.number.filter(|_| report.refusal.is_none()) {
        Some(number) => format!("adsync history {number} for all"),
        None => again.to_owned(),
    };
    rows.add(imported, Some(NEW_USERS), &done, |it| Row {
        result: it.action().name(),
        color: Color::DarkGreen,
        username: it.username(),
        what: Detail::words(detail::person(&it.profile())),
    });
    rows.add(modified, limit, &done, |it| Row {
        result: "modified",
        color: Color::DarkCyan,
        username: &it.user.values.profile.username,
        what: detail::modified(it),
    });
    rows.add(deleted, limit, &done, |it| Row {
        result: "deleted",
        color: Color::DarkRed,
        username: &it.user.values.profile.username,
        what: Detail::words(detail::evidence(it.evidence)),
    });
    // With --quiet, what the last run already reported is counted, not listed again.
    let is_told = |is_as_before: bool| !(output.quiet && is_as_before);
    let duplicate = duplicate.iter().filter(|it| is_told(it.is_as_before()));
    let missing = missing.iter().filter(|it| is_told(it.is_as_before()));
    let failed = failed.iter().filter(|it| is_told(it.is_as_before()));
    rows.add(duplicate, limit, again, |it| Row {
        result: "duplicate",
        color: Color::DarkYellow,
        username: it.username(),
        what: detail::conflicts(&it.conflicts),
    });
    // Only those newly out of scope: they may stay so for years.
    let newly = out_of_scope
        .iter()
        .filter(|it| it.user.status != Status::OutOfScope);
    rows.add(newly, limit, again, |it| Row {
        result: "out of scope",
        color: Color::DarkYellow,
        username: &it.user.values.profile.username,
        what: Detail::words(format!(
            "kept; it is now {}",
            legible(it.next.origin.dn().unwrap_or_default())
        )),
    });
    rows.add(missing, limit, again, |it| Row {
        result: "missing",
        color: Color::DarkYellow,
        username: &it.user.values.profile.username,
        what: Detail::words(detail::missing(it)),
    });
    rows.add(failed, limit, again, |it| Row {
        result: "failed",
        color: Color::DarkRed,
        username: &it.username,
        what: Detail::words(legible(&it.reason)),
    });
    rows.rows
}

/// The last line of the table: its numbers, those above zero in the colour of their rows, on one line if there
/// is room.
fn summary(output: &Output, report: &Report<'_>) -> String {
    let numbers = report.numbers();
    let last = numbers.len().saturating_sub(1);
    let number = |(at, (count, what)): (usize, &(u64, &str))| {
        let comma = if at < last { "," } else { "" };
        let code = code(what).filter(|_| *count > 0);
        (format!("{count} {what}"), comma, code)
    };
    let aside = match (report.refusal.is_some(), report.dry_run) {
        (true, _) => Some((
            "(refused: nothing was changed)".to_owned(),
            "",
            Some("1;31"),
        )),
        (false, true) => Some(("(dry run: nothing was changed)".to_owned(), "", Some("1"))),
        (false, false) => None,
    };
    let room = width(&bare(output)).map_or(usize::MAX, usize::from);
    let mut text = String::new();
    let mut taken = 0;
    for (said, comma, code) in numbers.iter().enumerate().map(number).chain(aside) {
        let more = said.len() + comma.len();
        if taken > 0 && taken + 1 + more > room {
            text.push('\n');
            taken = 0;
        } else if taken > 0 {
            text.push(' ');
            taken += 1;
        }
        taken += more;
        match code {
            Some(code) => text += &label(output, &said, code),
            None => text += &said,
        }
        text += comma;
    }
    text
}

fn code(what: &str) -> Option<&'static str> {
    Some(match what {
        "added" | "restored" | "imported" => "1;32",
        "modified" => "1;36",
        "deleted" | "removed" | "failed" => "1;31",
        "duplicate" | "out of scope" | "missing" => "1;33",
        _ => return None,
    })
}
