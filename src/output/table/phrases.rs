//! The last column of a table, which says what happened to a user: on one line if there is room, wrapped
//! where it reads best if not.
//!
//! A pipe gets one line per user, so that `grep` finds all of it.

use unicode_width::UnicodeWidthStr;

use crate::output::difference::{Parts, difference};
use crate::output::legible;
use crate::user::{Change, FieldValue};

/// What happened to a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail(Vec<Clause>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Clause {
    Words(String),
    /// A field that changed; the values are legible.
    Change {
        field: &'static str,
        from: String,
        to: String,
    },
}

/// The width of a line, and whether changes are coloured.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// In columns; `None` for no limit.
    pub width: Option<usize>,
    /// Whether changed parts are coloured.
    pub color: bool,
}

const BETWEEN: &str = "; ";
const ARROW: &str = "→ ";
const GONE: &str = "31";
const COME: &str = "32";

impl Detail {
    /// In words, which must be legible.
    pub fn words(words: impl Into<String>) -> Self {
        Self(vec![Clause::Words(words.into())])
    }

    /// In several phrases.
    pub fn phrases(phrases: impl IntoIterator<Item = String>) -> Self {
        Self(phrases.into_iter().map(Clause::Words).collect())
    }

    /// Changed fields.
    pub fn changes(changes: &[Change]) -> Self {
        let clause = |change: &Change| Clause::Change {
            field: change.field.name(),
            from: value(&change.from),
            to: value(&change.to),
        };
        Self(changes.iter().map(clause).collect())
    }

    /// The same, with what else happened in words, which must be legible.
    #[must_use]
    pub fn and(mut self, words: String) -> Self {
        self.0.push(Clause::Words(words));
        self
    }

    /// `email: a@x → b@x; contact_number: 1 → (none)`
    pub fn plain(&self) -> String {
        self.fit(Room {
            width: None,
            color: false,
        })
    }

    /// The text, in as many lines as it takes.
    pub fn fit(&self, room: Room) -> String {
        let widths = self.0.iter().map(Clause::width);
        let gaps = BETWEEN.len() * self.0.len().saturating_sub(1);
        let all = widths.sum::<usize>() + gaps;
        let each = self.0.iter();
        if room.width.is_none_or(|width| all <= width) {
            let each: Vec<String> = each.map(|it| it.on_one_line(room.color)).collect();
            return each.join(BETWEEN);
        }
        let each: Vec<String> = each.map(|it| it.fit(room)).collect();
        each.join("\n")
    }
}

impl Clause {
    fn width(&self) -> usize {
        match self {
            Self::Words(words) => words.width(),
            Self::Change { field, from, to } => {
                label(field).width() + from.width() + " ".len() + ARROW.width() + to.width()
            }
        }
    }

    fn on_one_line(&self, color: bool) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::Change { field, from, to } => {
                let (from, to) = marked(from, to, color);
                format!("{}{from} {ARROW}{to}", label(field))
            }
        }
    }

    /// The two values on separate lines, if they do not fit side by side.
    fn fit(&self, room: Room) -> String {
        let Some(width) = room.width.filter(|width| self.width() > *width) else {
            return self.on_one_line(room.color);
        };
        let Self::Change { field, from, to } = self else {
            return broken(&self.on_one_line(room.color), width);
        };
        let label = label(field);
        let fits = label.width() + from.width().max(to.width()) <= width;
        let (from, to) = marked(from, to, room.color);
        if fits {
            let indent = " ".repeat(label.width() - ARROW.width());
            format!("{label}{from}\n{indent}{ARROW}{to}")
        } else {
            format!("{field}:\n  {from}\n{ARROW}{to}")
        }
    }
}

/// The words in lines of that width: broken after a space, or after a comma of a distinguished name. A piece
/// that is too long on its own is left to the table.
fn broken(words: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for piece in words.split_inclusive([' ', ',']) {
        let taken = lines.last().map_or(0, |line| line.width());
        match lines.last_mut() {
            Some(line) if taken == 0 || taken + piece.trim_end().width() <= width => *line += piece,
            _ => lines.push(piece.to_owned()),
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

fn label(field: &str) -> String {
    format!("{field}: ")
}

/// The words for a value, if there is one.
pub fn said(value: &FieldValue) -> Option<&str> {
    match value {
        FieldValue::Text(text) => text.as_deref(),
        FieldValue::Flag(true) => Some("yes"),
        FieldValue::Flag(false) => Some("no"),
    }
}

/// A value as a person reads it.
pub fn value(value: &FieldValue) -> String {
    said(value).map_or_else(|| "(none)".to_owned(), legible)
}

/// Both values, with the changed part in colour.
fn marked(from: &str, to: &str, color: bool) -> (String, String) {
    if !color {
        return (from.to_owned(), to.to_owned());
    }
    let (old, new) = difference(from, to);
    (mark(old, GONE), mark(new, COME))
}

fn mark(parts: Parts<'_>, code: &str) -> String {
    let Parts {
        head,
        changed,
        tail,
    } = parts;
    if changed.is_empty() {
        return format!("{head}{tail}");
    }
    // A space has no colour; a line below it shows.
    let is_blank = |it: Option<char>| it.is_some_and(char::is_whitespace);
    let ends = [changed.chars().next(), changed.chars().next_back()];
    let underlined = if ends.into_iter().any(is_blank) {
        ";4"
    } else {
        ""
    };
    format!("{head}\x1b[{code}{underlined}m{changed}\x1b[0m{tail}")
}

#[cfg(test)]
mod tests {
    use super::{Detail, Room};
    use crate::user::{Change, Field, FieldValue};

    fn change(field: Field, from: &str, to: &str) -> Change {
        let text = |value: &str| FieldValue::Text(Some(value.to_owned()));
        Change {
            field,
            from: text(from),
            to: text(to),
        }
    }

    fn married() -> Detail {
        Detail::changes(&[
            change(Field::LastName, "Adams", "Archer"),
            change(
                Field::Email,
                "alice@example.com",
                "alice.archer@example.com",
            ),
        ])
    }

    fn fit(what: &Detail, width: usize) -> String {
        what.fit(Room {
            width: Some(width),
            color: false,
        })
    }

    #[test]
    fn on_one_line_where_there_is_room() {
        let line = "last_name: Adams → Archer; email: alice@example.com → alice.archer@example.com";
        assert_eq!(married().plain(), line);
        assert_eq!(fit(&married(), line.chars().count()), line);
    }

    #[test]
    fn a_line_for_each_field_where_there_is_not() {
        assert_eq!(
            fit(&married(), 60),
            "last_name: Adams → Archer\nemail: alice@example.com → alice.archer@example.com"
        );
    }

    #[test]
    fn values_stand_below_each_other_before_one_is_broken() {
        assert_eq!(
            fit(&married(), 40),
            "last_name: Adams → Archer\nemail: alice@example.com\n     → alice.archer@example.com"
        );
        let number = Detail::changes(&[change(
            Field::ContactNumber,
            "+1 555 0100",
            "+1 555 0199 77",
        )]);
        assert_eq!(
            fit(&number, 28),
            "contact_number:\n  +1 555 0100\n→ +1 555 0199 77"
        );
    }

    #[test]
    fn a_distinguished_name_is_broken_between_its_parts() {
        let what = Detail::words("kept; it is now CN=ivan,OU=Alumni,DC=corp,DC=example,DC=com");
        assert_eq!(
            fit(&what, 36),
            "kept; it is now CN=ivan,OU=Alumni,\nDC=corp,DC=example,DC=com"
        );
    }

    #[test]
    fn what_changed_is_coloured() {
        let room = Room {
            width: None,
            color: true,
        };
        let what = Detail::changes(&[change(Field::Username, "alice ", "alicia")]);
        assert_eq!(
            what.fit(room),
            "username: alic\x1b[31;4me \x1b[0m → alic\x1b[32mia\x1b[0m"
        );
    }
}
