//! What parses data from outside, for the fuzz targets and the tests that run their corpus; `fuzz/` has both.
//! Not a part of what adsync offers.

use std::path::PathBuf;

use crate::config::Settings;
use crate::directory::connection::bare;
use crate::directory::connection::framing;
use crate::directory::connection::message::{self, BIND_RESPONSE, Message};
use crate::directory::entry::Entry;
use crate::directory::group::members;
use crate::directory::group::url::MemberUrl;
use crate::directory::mapping::Mapping;
use crate::directory::schema::AttributeType;
use crate::directory::{self, filter, ranges};
use crate::error::Failure;
use crate::ldap::dn;
use crate::plan::compare::BadEntry;
use crate::store::Snapshot;
use crate::user::{DirectoryUser, Origin, Values};

/// How long the message is that these bytes begin with, as soon as it can be told.
pub fn message_length(bytes: &[u8], longest: u64) -> Result<Option<usize>, String> {
    framing::message_length(bytes, longest).map_err(|refusal| refusal.to_string())
}

/// The number of a message, the tag of its operation, and what is in that.
pub fn message(message: &[u8]) -> Option<(u32, u8, &[u8])> {
    let message = Message::decode(message).ok()?;
    Some((
        message.number,
        message.operation.tag,
        message.operation.content,
    ))
}

/// Short, so that it is met.
const MAX_VALUE_BYTES: usize = 2048;

/// The user that an entry describes, or why there is none: with Active Directory's attributes, or with those
/// of another server.
pub fn user(
    content: &[u8],
    is_active_directory: bool,
) -> Result<Result<DirectoryUser, BadEntry>, String> {
    let entry = Entry::decode(content, MAX_VALUE_BYTES).map_err(|flaw| flaw.to_string())?;
    Ok(Mapping::unresolved(directory::Attributes::default(), is_active_directory).user(&entry))
}

/// The names of attributes and their values.
pub type Attributes = Vec<(String, Vec<Vec<u8>>)>;

/// The DN, and the attributes.
pub fn entry(content: &[u8]) -> Option<(String, Attributes)> {
    let entry = Entry::decode(content, usize::MAX).ok()?;
    let attributes = entry
        .attributes()
        .map(|(name, values)| (name, values.map(<[u8]>::to_vec).collect()))
        .collect();
    Some((entry.dn().into_owned(), attributes))
}

/// The result code, the text and the credentials of an answer before the login is done.
pub fn first_answer(message: &[u8]) -> Option<(u32, String, Vec<u8>)> {
    let answer = bare::decode(message, BIND_RESPONSE).ok()?;
    Some((answer.code, answer.text, answer.token))
}

/// The cookie in the control of a page.
pub fn cookie(control: &[u8]) -> Option<&[u8]> {
    message::cookie(control).ok()
}

/// Filters around a value: that an attribute has it, and that one begins with it.
pub fn filters(attribute: &str, value: &str) -> [String; 2] {
    [
        filter::equals(attribute, value),
        filter::starts_with(attribute, value),
    ]
}

/// The attributes that a filter asks about.
pub fn attributes_of_filter(filter: &str) -> Vec<&str> {
    filter::attributes(filter)
}

/// Whether a DN is `base` or lies below it.
pub fn dn_is_within(dn: &str, base: &str) -> bool {
    dn::is_within(dn, base)
}

/// A DN as it is compared.
pub fn dn_normalised(dn: &str) -> String {
    dn::normalised(dn)
}

/// The first relative DN, and what it lies in.
pub fn dn_split(dn: &str) -> Option<(&str, &str)> {
    dn::split(dn)
}

/// What a DN lies in.
pub fn dn_parent(dn: &str) -> Option<&str> {
    dn::parent(dn)
}

/// The object identifier and the names of the attribute type that a schema describes, and the description written
/// anew.
pub fn attribute_type(description: &str) -> Option<(String, Vec<String>, String)> {
    let AttributeType {
        oid,
        names,
        supertype,
        equality,
        syntax,
    } = AttributeType::parse(description)?;
    let quoted: Vec<String> = names.iter().map(|it| format!("'{it}'")).collect();
    let mut written = format!("( '{oid}' NAME ( {} )", quoted.join(" "));
    for (keyword, value) in [
        ("SUP", supertype),
        ("EQUALITY", equality),
        ("SYNTAX", syntax),
    ] {
        if let Some(value) = value {
            written = format!("{written} {keyword} '{value}'");
        }
    }
    Some((oid, names, format!("{written} )")))
}

/// The domain that a DN lies in, and its DNS name.
pub fn dn_domain(dn: &str) -> Option<(String, String)> {
    let domain = dn::domain_components(dn)?;
    let name = dn::dns_name(&domain);
    Some((domain, name))
}

/// A word as it is shown for a shell.
pub fn in_shell(word: &str) -> String {
    crate::util::shell::quoted(word).into_owned()
}

/// The settings of a text.
pub fn settings(text: &str) -> Result<Settings, Failure> {
    Settings::from_text(PathBuf::from("adsync.toml"), text)
}

/// A user of the history, from the JSON of its row.
pub fn snapshot(json: &str) -> Option<(Origin, Values)> {
    let snapshot: Snapshot = serde_json::from_str(json).ok()?;
    Some((snapshot.origin(), snapshot.values()))
}

/// The JSON of such a row.
pub fn write_snapshot(origin: &Origin, values: &Values) -> Option<String> {
    crate::store::snapshot_of_new(&origin.as_deref(), &values.as_deref(), None)
}

/// The base and the filter of the search that a group names as its members.
pub fn member_url(url: &str) -> Option<(String, String)> {
    let url = MemberUrl::parse(url).ok()?;
    Some((url.base, url.filter))
}

/// The DN in a value of `uniqueMember`.
pub fn unique_member(value: &str) -> &str {
    members::without_identifier(value)
}

/// The bounds of an option `range=0-1499`.
pub fn range(option: &str) -> Option<(u64, Option<u64>)> {
    ranges::range(option)
}

/// A line of standard error as a log.
pub fn log_line(message: &str) -> String {
    crate::output::log::said("warn", message)
}
