//! The values of the settings, each checked when it is read.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::plan::Limit;

/// AD gives at most this many entries a page unless its `MaxPageSize` was changed (MS-ADTS
/// 3.1.1.3.4.6).
const LARGEST_PAGE: i64 = 1000;

/// The URL of a server: `ldap://host[:port]` or `ldaps://host[:port]` (RFC 4516, without a path).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ServerUrl {
    ldaps: bool,
    host: String,
    port: u16,
    text: String,
}

impl ServerUrl {
    /// Whether the connection begins with TLS.
    pub fn is_ldaps(&self) -> bool {
        self.ldaps
    }

    /// Host name or IP address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port: as given, else 389 or 636.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether this is a port of the global catalog, which has but a part of the attributes.
    pub fn is_global_catalog(&self) -> bool {
        matches!(self.port, 3268 | 3269)
    }

    /// Whether nothing leaves this host.
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for ServerUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("the server {text:?} {what}; write it as ldaps://dc1.corp.example.com")
        };
        // What stands before an at sign may be a password, and is not repeated.
        if text.contains('@') {
            return Err(
                "a server has no name and no password in its URL; they are username and password_file"
                    .to_owned(),
            );
        }
        let url = Url::parse(&text).map_err(|error| wrong(&format!("is no URL ({error})")))?;
        let ldaps = match url.scheme() {
            "ldaps" => true,
            "ldap" => false,
            other => return Err(wrong(&format!("has the scheme {other}://"))),
        };
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() {
            return Err(wrong("names no host"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has something behind the host"));
        }
        Ok(Self {
            ldaps,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(if ldaps { 636 } else { 389 }),
            text: text.trim_end_matches('/').to_owned(),
        })
    }
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

/// A search filter (RFC 4515), in parentheses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Filter(String);

impl Filter {
    /// The filter as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Filter {
    fn default() -> Self {
        // Without krbtgt, Guest, Administrator and the accounts of trusts, which are nobody's.
        Self(
            "(&(objectCategory=person)(objectClass=user)(!(isCriticalSystemObject=TRUE)))"
                .to_owned(),
        )
    }
}

impl TryFrom<String> for Filter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let text = if text.starts_with('(') {
            text.to_owned()
        } else {
            format!("({text})")
        };
        if depth(&text) > DEEPEST {
            return Err(format!(
                "this filter is nested deeper than {DEEPEST} parentheses, which no server reads"
            ));
        }
        match ldap3::parse_filter(&text) {
            Ok(_) => Ok(Self(text)),
            Err(()) => Err(format!(
                "{text:?} is no LDAP filter (RFC 4515); one looks like (&(objectClass=user)(mail=*)), with every parenthesis closed"
            )),
        }
    }
}

/// How deep a filter may be nested. Parsing one calls itself for each parenthesis, and Active Directory reads no more.
const DEEPEST: usize = 100;

/// How deep the parentheses of a filter are nested; in a value they are escaped.
fn depth(filter: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in filter.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl std::str::FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}

/// One attribute, or several of which the first that has a value counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct AttributeNames(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected an attribute or a list of attributes")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl AttributeNames {
    /// One attribute.
    pub fn one(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// The attributes in order; at least one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl TryFrom<OneOrMany> for AttributeNames {
    type Error = String;

    fn try_from(names: OneOrMany) -> Result<Self, String> {
        let names = match names {
            OneOrMany::One(name) => vec![name],
            OneOrMany::Many(names) => names,
        };
        if names.is_empty() {
            return Err("the list of attributes is empty".to_owned());
        }
        // RFC 4512, 1.4: a keystring or a numeric OID.
        let is_name = |name: &String| {
            name.starts_with(|first: char| first.is_ascii_alphanumeric())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        match names.iter().find(|name| !is_name(name)) {
            Some(name) => Err(format!("{name:?} is no attribute name (RFC 4512, 1.4)")),
            None => Ok(Self(names)),
        }
    }
}

/// Entries a page.
#[derive(Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct PageSize(pub(super) u32);

impl Default for PageSize {
    fn default() -> Self {
        Self(1000)
    }
}

impl TryFrom<i64> for PageSize {
    type Error = String;

    fn try_from(size: i64) -> Result<Self, String> {
        match u32::try_from(size) {
            Ok(small) if (1..=LARGEST_PAGE).contains(&size) => Ok(Self(small)),
            _ => Err(format!(
                "{size} is no size of a page; it must be from 1 to {LARGEST_PAGE}, AD's MaxPageSize"
            )),
        }
    }
}

/// How many entries a search may return.
#[derive(Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct MaxEntries(pub(super) u64);

impl Default for MaxEntries {
    fn default() -> Self {
        Self(5_000_000)
    }
}

impl TryFrom<i64> for MaxEntries {
    type Error = String;

    fn try_from(entries: i64) -> Result<Self, String> {
        match u64::try_from(entries) {
            Ok(entries @ 1..) => Ok(Self(entries)),
            _ => Err(format!(
                "{entries} is no number of entries; it must be at least 1"
            )),
        }
    }
}

/// How long a value may be, in bytes.
#[derive(Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct MaxValueBytes(pub(super) usize);

impl Default for MaxValueBytes {
    fn default() -> Self {
        Self(64 << 10)
    }
}

impl TryFrom<i64> for MaxValueBytes {
    type Error = String;

    fn try_from(bytes: i64) -> Result<Self, String> {
        match usize::try_from(bytes) {
            // What the longest value of a field may have in UTF-8, and what any message has room for.
            Ok(value @ 4096..=SMALLEST_MESSAGE) => Ok(Self(value)),
            _ => Err(format!(
                "{bytes} is out of range; it must be from 4096 to {SMALLEST_MESSAGE}"
            )),
        }
    }
}

/// A message of no more than this may be too small for an honest page.
const SMALLEST_MESSAGE: usize = 1 << 20;

/// How large a message may be, in bytes.
#[derive(Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct MaxMessageBytes(pub(super) u64);

impl Default for MaxMessageBytes {
    fn default() -> Self {
        Self(16 << 20)
    }
}

impl TryFrom<i64> for MaxMessageBytes {
    type Error = String;

    fn try_from(bytes: i64) -> Result<Self, String> {
        match u64::try_from(bytes) {
            // A length of four bytes is what servers write.
            Ok(message) if (SMALLEST_MESSAGE as u64..=u64::from(u32::MAX)).contains(&message) => {
                Ok(Self(message))
            }
            _ => Err(format!(
                "{bytes} is out of range; it must be from {SMALLEST_MESSAGE} to {}",
                u32::MAX
            )),
        }
    }
}

/// A deadline in whole seconds, from one.
#[derive(Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Seconds(pub(super) Duration);

impl TryFrom<i64> for Seconds {
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

    fn url(text: &str) -> Result<ServerUrl, String> {
        ServerUrl::try_from(text.to_owned())
    }

    #[test]
    fn a_server_has_a_scheme_a_host_and_a_port() {
        let dc1 = url("ldaps://dc1.corp.example.com").expect("a server");
        assert_eq!(
            (dc1.host(), dc1.port(), dc1.is_ldaps()),
            ("dc1.corp.example.com", 636, true)
        );
        let dc2 = url("ldap://[::1]:1389/").expect("a server");
        assert_eq!(
            (dc2.host(), dc2.port(), dc2.is_ldaps()),
            ("::1", 1389, false)
        );
        assert!(dc2.is_loopback() && !dc1.is_loopback());
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for text in [
            "dc1.corp.example.com",
            "https://dc1",
            "ldap://",
            "ldaps://dc1/DC=corp",
            "ldaps://dc1?x",
            "ldaps://me:secret@dc1",
            "ldaps://dc1:99999",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn filters_are_checked() {
        let filter = |text: &str| Filter::try_from(text.to_owned()).map(|it| it.0);
        assert_eq!(filter("mail=*"), Ok("(mail=*)".to_owned()));
        assert_eq!(filter(" (cn=josé) "), Ok("(cn=josé)".to_owned()));
        for text in ["", "(", "(&(mail=*)", "(mail=*))", "(cn=a)(cn=b)", "()"] {
            assert!(filter(text).is_err(), "{text:?}");
        }
    }

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
            assert_eq!(Seconds::try_from(seconds).is_ok(), accepted, "{seconds}");
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

    #[test]
    fn attribute_names() {
        let many = |names: &[&str]| {
            AttributeNames::try_from(OneOrMany::Many(
                names.iter().map(|&it| it.to_owned()).collect(),
            ))
        };
        assert!(many(&["mail", "userPrincipalName"]).is_ok());
        for names in [&[][..], &[""], &["mail)(x=*"], &["ma il"]] {
            assert!(many(names).is_err(), "{names:?}");
        }
    }
}
