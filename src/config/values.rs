//! The values of the settings, each checked when it is read.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::plan::Limit;

/// AD gives at most this many entries a page unless its `MaxPageSize` was changed (MS-ADTS
/// 3.1.1.3.4.6).
const LARGEST_PAGE: u32 = 1000;

/// A table. Without this a list is taken for one, its values for those of the keys in the order of their declaration.
pub(super) fn table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Keys<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table")
        }

        fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(keys))
        }
    }

    deserializer.deserialize_map(Keys(PhantomData))
}

/// A password that stands in the settings. An error of the parser would quote what stands there
/// instead of a text, so this has one of its own.
pub(super) struct Password(pub(super) SecretString);

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer) {
            Ok(text) => Ok(Self(text.into())),
            Err(_) => Err(D::Error::custom("it must be a text in quotes")),
        }
    }
}

/// A program and its arguments; an argument may be a secret, too.
pub(super) struct PasswordCommand(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for PasswordCommand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Vec::deserialize(deserializer) {
            Ok(command) => Ok(Self(command)),
            Err(_) => Err(D::Error::custom(
                "it must be a list of texts: the program, then each argument",
            )),
        }
    }
}

/// The DNS name of a domain.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct DomainName(pub(super) String);

impl TryFrom<String> for DomainName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // RFC 1123, 2.1; the underscore is what people do.
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let name = text.strip_suffix('.').unwrap_or(&text);
        if name.len() <= 253 && name.split('.').all(is_label) {
            Ok(Self(name.to_owned()))
        } else {
            Err(format!(
                "{text:?} is no domain; write its DNS name, such as corp.example.com"
            ))
        }
    }
}

/// The address of a DNS server, with or without a port.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct DnsServer(pub(super) SocketAddr);

impl TryFrom<String> for DnsServer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let with_port = text.parse::<SocketAddr>().ok();
        let without = || Some(SocketAddr::new(text.parse().ok()?, 53));
        with_port.or_else(without).map(Self).ok_or_else(|| {
            format!("{text:?} is no address of a DNS server; write 192.0.2.1 or 192.0.2.1:53")
        })
    }
}

/// Makes a kind of whole number: what it is kept as, what it is where the settings have none, its bounds, and what is
/// said of one beyond them.
macro_rules! whole_number {
    ($(#[$about:meta])* $Name:ident($Number:ty) = $default:expr, in $bounds:expr, else $wrong:expr) => {
        $(#[$about])*
        #[derive(Deserialize)]
        #[serde(try_from = "i64")]
        pub(super) struct $Name(pub(super) $Number);

        impl Default for $Name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl TryFrom<i64> for $Name {
            type Error = String;

            fn try_from(number: i64) -> Result<Self, String> {
                let kept = <$Number>::try_from(number).ok();
                let kept = kept.filter(|it| $bounds.contains(it));
                kept.map(Self).ok_or_else(|| format!("{number} {}", $wrong))
            }
        }
    };
}

whole_number! {
    /// Entries a page.
    PageSize(u32) = 1000, in 1..=LARGEST_PAGE,
    else format_args!("is no size of a page; it must be from 1 to {LARGEST_PAGE}, AD's MaxPageSize")
}

whole_number! {
    /// How many entries a search may return.
    MaxEntries(u64) = 5_000_000, in 1..=u64::MAX,
    else "is no number of entries; it must be at least 1"
}

whole_number! {
    /// How long a value may be, in bytes: at least what the longest value of a field may have in UTF-8, and at most
    /// what any message has room for.
    MaxValueBytes(usize) = 64 << 10, in 4096..=SMALLEST_MESSAGE,
    else format_args!("is out of range; it must be from 4096 to {SMALLEST_MESSAGE}")
}

/// A message of no more than this may be too small for an honest page.
const SMALLEST_MESSAGE: usize = 1 << 20;

whole_number! {
    /// How large a message may be, in bytes. A length of four bytes is what servers write.
    MaxMessageBytes(u64) = 16 << 20, in SMALLEST_MESSAGE as u64..=u64::from(u32::MAX),
    else format_args!("is out of range; it must be from {SMALLEST_MESSAGE} to {}", u32::MAX)
}

/// A deadline in whole seconds, from one, and what it is where the settings have none.
#[derive(Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Seconds<const DEFAULT: u64>(pub(super) Duration);

impl<const DEFAULT: u64> Default for Seconds<DEFAULT> {
    fn default() -> Self {
        Self(Duration::from_secs(DEFAULT))
    }
}

impl<const DEFAULT: u64> TryFrom<i64> for Seconds<DEFAULT> {
    type Error = String;

    fn try_from(seconds: i64) -> Result<Self, String> {
        // A day is longer than any answer is worth waiting for, and keeps arithmetic from overflowing.
        match u64::try_from(seconds) {
            Ok(seconds @ 1..=86_400) => Ok(Self(Duration::from_secs(seconds))),
            _ => Err(format!(
                "{seconds} s is no deadline; it must be from 1 to 86400"
            )),
        }
    }
}

/// A span of time such as `"24h"`; `"0"` for none.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Interval(pub(super) Duration);

impl TryFrom<String> for Interval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim() == "0" {
            return Ok(Self(Duration::ZERO));
        }
        text.parse::<jiff::Span>()
            .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()))
            .ok()
            .and_then(|duration| Duration::try_from(duration).ok())
            .map(Self)
            .ok_or_else(|| format!("{text:?} is no span of time; write \"24h\", \"30m\", or \"0\""))
    }
}

/// A span of time that is not none.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct RunTimeout(pub(super) Duration);

impl Default for RunTimeout {
    fn default() -> Self {
        Self(Duration::from_hours(1))
    }
}

impl TryFrom<String> for RunTimeout {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match Interval::try_from(text.clone()) {
            Ok(Interval(Duration::ZERO)) => {
                Err("no run can read in no time; write \"1h\", or \"30m\"".to_owned())
            }
            Ok(Interval(after)) => Ok(Self(after)),
            Err(_) => Err(format!(
                "{text:?} is no span of time; write \"1h\", or \"30m\""
            )),
        }
    }
}

/// A number of users, or a share in percent such as `"10%"`.
#[derive(Deserialize)]
#[serde(try_from = "NumberOrText")]
pub(super) struct LimitValue(pub(super) Limit);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number or a percentage such as \"10%\""
)]
enum NumberOrText {
    Number(i64),
    Text(String),
}

impl TryFrom<NumberOrText> for LimitValue {
    type Error = String;

    fn try_from(value: NumberOrText) -> Result<Self, String> {
        let (parsed, text) = match value {
            NumberOrText::Number(number) => (
                u64::try_from(number).ok().map(Limit::Number),
                number.to_string(),
            ),
            NumberOrText::Text(text) => {
                let percent = text
                    .strip_suffix('%')
                    .and_then(|share| share.trim().parse().ok());
                let parsed = match percent {
                    Some(percent @ 0..=100) => Some(Limit::Percent(percent)),
                    Some(_) => None,
                    None => text.parse().ok().map(Limit::Number),
                };
                (parsed, text)
            }
        };
        match parsed {
            Some(limit) => Ok(Self(limit)),
            None => Err(format!(
                "{text:?} is no limit; it must be a number from 0, or a percentage from \"0%\" to \"100%\""
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_numbers() {
        for (size, accepted) in [
            (0, false),
            (1, true),
            (1000, true),
            (1001, false),
            (-1, false),
        ] {
            assert_eq!(PageSize::try_from(size).is_ok(), accepted, "{size}");
        }
        for (seconds, accepted) in [(0, false), (1, true), (-5, false), (i64::MAX, false)] {
            assert_eq!(
                Seconds::<1>::try_from(seconds).is_ok(),
                accepted,
                "{seconds}"
            );
        }
    }

    #[test]
    fn max_deletes_is_a_number_or_a_percentage() {
        let read =
            |text: &str| LimitValue::try_from(NumberOrText::Text(text.to_owned())).map(|it| it.0);
        assert_eq!(read("10%"), Ok(Limit::Percent(10)));
        assert_eq!(read("0%"), Ok(Limit::Percent(0)));
        assert_eq!(read("7"), Ok(Limit::Number(7)));
        for text in ["101%", "-1%", "-1", "ten", "%", "", "10.5%", "256%"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn intervals() {
        let read = |text: &str| Interval::try_from(text.to_owned()).map(|it| it.0.as_secs());
        assert_eq!(read("24h"), Ok(86_400));
        assert_eq!(read("1d"), Ok(86_400));
        assert_eq!(read("0"), Ok(0));
        for text in ["", "24", "-1h", "soon"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
