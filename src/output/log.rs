//! Standard error as a log: one JSON object per line (`--log-format json`), for log collectors.
//!
//! Everything there takes this form, adsync's own warnings and errors included, so every
//! line can be parsed.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::sanitise::{Heap, acts_on_nothing};
use crate::error::Failure;

/// The target of adsync's own messages; modules and libraries have theirs.
const TARGET: &str = "adsync";

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    /// RFC 3339, in UTC.
    timestamp: String,
    level: &'a str,
    target: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// A record of a module or a library.
pub fn record(record: &log::Record<'_>) -> String {
    let level = record.level().as_str().to_lowercase();
    line(&level, record.target(), &record.args().to_string(), None)
}

/// Something that a person should know.
pub fn said(level: &str, message: &str) -> String {
    line(level, TARGET, message, None)
}

/// Why the command cannot continue.
pub fn failure(failure: &Failure) -> String {
    line("error", TARGET, &failure.message, Some(failure))
}

fn line(level: &str, target: &str, message: &str, failure: Option<&Failure>) -> String {
    let line = Line {
        timestamp: format!("{:.3}", Timestamp::now()),
        level,
        target,
        message,
        kind: failure.map(|it| it.kind.name()),
        hint: failure.and_then(|it| it.hint.as_deref()),
    };
    // Text only, which can always be serialised.
    let line = serde_json::to_string(&line).unwrap_or_default();
    escaped(&line)
}

/// JSON without anything that acts on a terminal or disguises text there: JSON itself escapes only the C0
/// controls.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let mut heap = Heap::default();
    for character in json.chars() {
        let is_too_much = heap.grows_too_high(character);
        if character.is_ascii() && !character.is_control()
            || acts_on_nothing(character) && !is_too_much
        {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_failure_is_one_line_whatever_it_says() {
        let text = failure(&Failure::new(Kind::Login, "a\nb \"c\"\u{1b}[31m").hint("d"));
        assert_eq!(text.lines().count(), 1);
        let line: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(line["level"], "error");
        assert_eq!(line["kind"], "login");
        assert_eq!(line["message"], "a\nb \"c\"\u{1b}[31m");
        assert_eq!(line["hint"], "d");
        let timestamp = line["timestamp"].as_str().expect("a text");
        assert!(timestamp.parse::<Timestamp>().is_ok() && timestamp.ends_with('Z'));
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn what_acts_on_a_terminal_is_escaped() {
        let told = "a\u{9b}31m\u{7f}\u{202e}\u{200b}\u{e0001}é\u{1f600}";
        let text = said("warn", told);
        for raw in ['\u{9b}', '\u{7f}', '\u{202e}', '\u{200b}', '\u{e0001}'] {
            assert!(!text.contains(raw), "{text}");
        }
        let line: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(line["message"], told);
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        assert!(!said("info", "x").contains("hint"));
    }
}
