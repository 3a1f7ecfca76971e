//! What parses data from a server, and what tests make entries with, for the fuzz targets and for tests. Not a part of
//! what the crate offers.

use crate::ber::{OCTET_STRING, SEQUENCE, SET, element};
use crate::connection::message::SEARCH_RESULT_ENTRY;
use crate::entry::Entry;

pub use crate::connection::bare::decode as answer;
pub use crate::connection::framing::message_length;
pub use crate::connection::message::{BIND_RESPONSE, Message, cookie};
pub use crate::ranges::range;

/// The messages of a connection, each whole, up to the first that is refused.
pub fn messages(mut data: &[u8], longest: u64) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Ok(Some(length)) = message_length(data, longest)
        && let Some((message, rest)) = data.split_at_checked(length)
    {
        found.push(message);
        data = rest;
    }
    found
}

/// The entry in a message, without values that are longer than so many bytes; `None` if it is another message.
pub fn entry(message: &[u8], max_value_bytes: usize) -> Option<Result<Entry, String>> {
    let operation = Message::decode(message).ok()?.operation;
    (operation.tag == SEARCH_RESULT_ENTRY)
        .then(|| Entry::decode(operation.content, max_value_bytes).map_err(|flaw| flaw.to_string()))
}

/// The contents of a search result entry.
pub fn encoded_entry(dn: &[u8], attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let attributes = attributes.iter().flat_map(|(name, values)| {
        let name = element(OCTET_STRING, &[name.as_bytes()]);
        let values = values
            .iter()
            .map(|it| element(OCTET_STRING, &[it]).to_vec());
        let values: Vec<u8> = values.flatten().collect();
        element(SEQUENCE, &[&name, &element(SET, &[&values])]).to_vec()
    });
    let attributes: Vec<u8> = attributes.collect();
    let dn = element(OCTET_STRING, &[dn]);
    [&dn[..], &element(SEQUENCE, &[&attributes])].concat()
}

/// An entry with these values for each attribute.
pub fn entry_of(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Entry {
    Entry::decode(&encoded_entry(dn.as_bytes(), attributes), usize::MAX).unwrap_or_default()
}
