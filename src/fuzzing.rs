//! What parses data from outside, for the fuzz targets and the tests that run their corpus; `fuzz/` has both.
//! Not a part of what adsync offers.

use std::path::PathBuf;

use lber::structure::StructureTag;

use crate::compare::BadEntry;
use crate::config::{Attributes, Settings};
use crate::directory::connection::bare;
use crate::directory::connection::framing::Framing;
use crate::directory::connection::paging::cookie_of;
use crate::directory::entry::Entry;
use crate::directory::mapping::Mapping;
use crate::directory::{dn, filter};
use crate::failure::Failure;
use crate::store::record::{self, Snapshot};
use crate::user::{DirectoryUser, Origin, Values};

/// Follows the messages of a connection.
#[derive(Debug)]
pub struct Messages(Framing);

impl Messages {
    /// Messages of at most this many bytes.
    pub fn new(longest: u64) -> Self {
        Self(Framing::new(longest))
    }

    /// Looks at the next bytes, and tells what the messages weigh that are complete with them.
    pub fn follow(&mut self, bytes: &[u8]) -> Result<Vec<u64>, String> {
        self.0.follow(bytes).map_err(|error| error.to_string())?;
        Ok(std::iter::from_fn(|| self.0.take_complete()).collect())
    }
}

/// The tag of a bind response.
const BIND_RESPONSE: u8 = 0x61;

/// Short, so that it is met.
const MAX_VALUE_BYTES: usize = 2048;

/// The user that an entry describes, or why there is none: with Active Directory's attributes, or with those
/// of another server.
pub fn user(
    operation: StructureTag,
    is_active_directory: bool,
) -> Result<Result<DirectoryUser, BadEntry>, &'static str> {
    let entry = Entry::decode(operation, MAX_VALUE_BYTES)?;
    Ok(Mapping::new(Attributes::default(), is_active_directory).user(entry))
}

/// The result code, the text and the credentials of an answer before the LDAP library takes over.
pub fn first_answer(message: &[u8]) -> Option<(u32, String, Vec<u8>)> {
    let answer = bare::decode(message, BIND_RESPONSE)?;
    Some((answer.code, answer.text, answer.token))
}

/// The cookie in the control of a page.
pub fn cookie(control: &[u8]) -> Option<Vec<u8>> {
    cookie_of(control)
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

/// The first relative DN, and what it lies in.
pub fn dn_split(dn: &str) -> Option<(&str, &str)> {
    dn::split(dn)
}

/// The domain that a DN lies in, and its DNS name.
pub fn dn_domain(dn: &str) -> Option<(String, String)> {
    let domain = dn::domain_components(dn)?;
    let name = dn::dns_name(&domain);
    Some((domain, name))
}

/// A word as it is shown for a shell.
pub fn in_shell(word: &str) -> String {
    crate::shell::quoted(word).into_owned()
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
    record::snapshot(origin, values)
}
