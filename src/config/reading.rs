//! Reads the settings file, and says where it is wrong.

use std::fs::Metadata;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::in_force;
use crate::error::Failure;
use crate::util::nearest::nearest;

/// The text of the settings file, and the metadata of that very file.
pub fn read(path: &Path) -> Result<(String, Metadata), Failure> {
    let read = || {
        let mut file = std::fs::File::open(path)?;
        let metadata = file.metadata()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok((text, metadata))
    };
    read().map_err(|error: std::io::Error| {
        let why = match error.kind() {
            ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
            _ => error.to_string(),
        };
        Failure::settings(format!(
            "cannot read the settings {}: {why}",
            path.display()
        ))
        .hint(format!(
            "it is the file that --config or ${} names, or that was found in its place",
            super::location::CONFIG_VARIABLE
        ))
    })
}

/// Parses the settings; an error names the line, and for an unknown key the nearest known one.
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Failure> {
    toml::from_str(text).map_err(|error| {
        let place = match error.span() {
            Some(span) => format!("settings {}, line {}", path.display(), line(text, &span)),
            None => format!("settings {}", path.display()),
        };
        let failure = |what: &str| Failure::settings(format!("{place}: {what}"));
        let message = error.message().trim();
        if let Some(key) = UnknownKey::parse(message) {
            let failure = failure(&format!("unknown key `{}`", key.name));
            if let Some(table) = in_force::table_of(key.name) {
                return failure.hint(format!("it belongs under [{table}]"));
            }
            return match nearest(key.name, key.known.iter().copied()) {
                Some(known) => failure.hint(format!("did you mean `{known}`?")),
                None => failure.hint(format!("known here: {}", key.known.join(", "))),
            };
        }
        if message == "duplicate key"
            && let Some(key) = error.span().and_then(|span| text.get(span))
        {
            return failure(&format!("the key `{}` stands there twice", key.trim()));
        }
        if ["escape", "unicode"].iter().any(|it| message.contains(it)) {
            return failure("a backslash in double quotes begins an escape, and this is none").hint(
                "write it in single quotes, which take a backslash as it is: username = 'CORP\\svc-adsync'",
            );
        }
        match message.strip_prefix("missing field ") {
            Some("`directory`") => {
                failure("there is no [directory] table").hint("begin with config.example.toml")
            }
            Some(name) => failure(&format!("the key {name} is missing")),
            None => match error.span().and_then(|span| key(text, &span)) {
                Some(key) => failure(&format!("{key}: {}", in_words(message))),
                None => failure(&in_words(message)),
            },
        }
    })
}

/// The key whose value a span lies in, if it stands on the same line.
fn key<'a>(text: &'a str, span: &Range<usize>) -> Option<&'a str> {
    let before = text.get(..span.start)?;
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    let (key, _) = line.split_once('=')?;
    Some(key.trim())
}

/// A message of the parser without the names that only its programmers know.
fn in_words(message: &str) -> String {
    if message.contains("i128") {
        return "this number is too large".to_owned();
    }
    ["i64", "u32", "u64"]
        .iter()
        .fold(message.to_owned(), |message, kind| {
            message.replace(&format!("expected {kind}"), "expected a whole number")
        })
        .replace("wanted string or table", "expected a text in quotes")
        .replace("expected a string", "expected a text in quotes")
        .replace("expected a boolean", "expected true or false")
        .replace("expected a sequence", "expected a list in brackets")
        .replace("unknown variant", "this cannot be")
        .replace(
            "string values must be quoted, expected literal string",
            "a text must stand in straight quotes",
        )
        .replace(
            "invalid literal string, expected `'`",
            "the text is not closed with a quote",
        )
        .replace("invalid type: map", "this is no text")
        .replace(
            "no password in its URL",
            "no password in its URL; they are username and password_file",
        )
        .replace("invalid type: sequence", "this is a list")
        .replace(
            "invalid basic string, expected `\"`",
            "the text is not closed with a quote",
        )
}

fn line(text: &str, span: &Range<usize>) -> usize {
    text.bytes()
        .take(span.start)
        .filter(|&byte| byte == b'\n')
        .count()
        + 1
}

/// What serde says of a key that no field has: "unknown field `a`, expected one of `b`, `c`".
struct UnknownKey<'a> {
    name: &'a str,
    known: Vec<&'a str>,
}

impl<'a> UnknownKey<'a> {
    fn parse(message: &'a str) -> Option<Self> {
        let rest = message.strip_prefix("unknown field `")?;
        let (name, rest) = rest.split_once("`, ")?;
        let known = rest.split('`').skip(1).step_by(2).collect();
        Some(Self { name, known })
    }
}
