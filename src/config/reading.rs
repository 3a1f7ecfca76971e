//! Reading the settings file, and saying where it is wrong.

use std::fs::Metadata;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::failure::{Failure, Kind};
use crate::nearest::nearest;

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
        Failure::new(
            Kind::Settings,
            format!("cannot read the settings {}: {error}", path.display()),
        )
    })
}

/// Parses the settings; an error names the line, and for an unknown key the nearest known one.
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Failure> {
    toml::from_str(text).map_err(|error| {
        let place = match error.span() {
            Some(span) => format!("settings {}, line {}", path.display(), line(text, &span)),
            None => format!("settings {}", path.display()),
        };
        match UnknownKey::parse(error.message()) {
            None => Failure::new(
                Kind::Settings,
                format!("{place}: {}", error.message().trim()),
            ),
            Some(key) => {
                let failure = Failure::new(
                    Kind::Settings,
                    format!("{place}: unknown key `{}`", key.name),
                );
                match nearest(key.name, key.known.iter().copied()) {
                    Some(known) => failure.hint(format!("did you mean `{known}`?")),
                    None => failure.hint(format!("known here: {}", key.known.join(", "))),
                }
            }
        }
    })
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
