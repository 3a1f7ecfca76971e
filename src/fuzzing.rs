//! What parses data from outside, for the fuzz targets and the tests that run their corpus; `fuzz/` has both.
//! Not a part of what adsync offers.

use std::path::PathBuf;

use crate::config::Settings;
use crate::directory;
use crate::directory::group::members;
use crate::directory::group::url::MemberUrl;
use crate::directory::mapping::Mapping;
use crate::directory::schema::AttributeType;
use crate::error::Failure;
use crate::plan::compare::BadEntry;
use crate::store::Snapshot;
use crate::user::{DirectoryUser, Origin, Values};

/// Short, so that it is met.
const MAX_VALUE_BYTES: usize = 2048;

/// The user that the entry in a message describes, or why there is none: with Active Directory's attributes, or with
/// those of another server. `None` if the message is no entry.
pub fn user(
    message: &[u8],
    is_active_directory: bool,
) -> Option<Result<Result<DirectoryUser, BadEntry>, String>> {
    let mapping = Mapping::unresolved(directory::Attributes::default(), is_active_directory);
    let entry = ldap::fuzzing::entry(message, MAX_VALUE_BYTES)?;
    Some(entry.map(|entry| mapping.user(&entry)))
}

/// The object identifier and the names of the attribute type that a schema describes, and the description written
/// anew.
pub fn attribute_type(description: &str) -> Option<(String, Vec<String>, String)> {
    let AttributeType {
        oid,
        names,
        supertype,
        equality,
        substring,
        syntax,
    } = AttributeType::parse(description)?;
    let quoted: Vec<String> = names.iter().map(|it| format!("'{it}'")).collect();
    let mut written = format!("( '{oid}' NAME ( {} )", quoted.join(" "));
    for (keyword, value) in [
        ("SUP", supertype),
        ("EQUALITY", equality),
        ("SUBSTR", substring),
        ("SYNTAX", syntax),
    ] {
        if let Some(value) = value {
            written = format!("{written} {keyword} '{value}'");
        }
    }
    Some((oid, names, format!("{written} )")))
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

/// A line of standard error as a log.
pub fn log_line(message: &str) -> String {
    crate::output::log::said("warn", message)
}
