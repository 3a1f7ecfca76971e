//! Requests from bytes, and answers to bytes.
//!
//! Requests are decoded with `ldap3_proto`. Answers are encoded here, because
//! they must be able to hold what its types rule out: any result code, text
//! that is not UTF-8; and because a fault needs the bytes, to cut them in half.

use std::borrow::Cow;

use anyhow::{Result, bail};
use bytes::{Buf, BytesMut};
use ldap3_lber::common::TagClass;
use ldap3_lber::structure::{PL, StructureTag};
use ldap3_lber::{Err as BerError, Parser};
use ldap3_proto::proto::LdapMsg;

use crate::filter::Filter;
use crate::results::LdapResult;

/// The tags of answers (RFC 4511, section 4.2 and on).
pub(crate) const BIND_RESPONSE: u8 = 0x61;
pub(crate) const SEARCH_DONE: u8 = 0x65;
pub(crate) const MODIFY_RESPONSE: u8 = 0x67;
pub(crate) const ADD_RESPONSE: u8 = 0x69;
pub(crate) const DELETE_RESPONSE: u8 = 0x6b;
pub(crate) const MODIFY_DN_RESPONSE: u8 = 0x6d;
pub(crate) const COMPARE_RESPONSE: u8 = 0x6f;
pub(crate) const EXTENDED_RESPONSE: u8 = 0x78;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_REFERENCE: u8 = 0x73;

const OCTET_STRING: u8 = 0x04;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

const SEARCH_REQUEST: u64 = 3;
const FILTER_POSITION: usize = 6;
const MAX_REQUEST: usize = 64 * 1024 * 1024;

/// A request; the filter of a search is not in `message`, but here.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) message: LdapMsg,
    pub(crate) filter: Option<Filter>,
}

/// Takes one request off the front of the buffer, if it is there as a whole.
pub(crate) fn decode(buffer: &mut BytesMut) -> Result<Option<Request>> {
    let (mut tag, size) = match Parser::default().parse(buffer) {
        Ok((rest, tag)) => (tag, buffer.len() - rest.len()),
        Err(BerError::Incomplete(_)) if buffer.len() < MAX_REQUEST => return Ok(None),
        Err(_) => bail!("the request is not BER, or too large"),
    };
    buffer.advance(size);
    let filter = take_filter(&mut tag).map(Filter::decode).transpose()?;
    let message = LdapMsg::try_from(tag)
        .map_err(|error| anyhow::anyhow!("the request is not LDAP: {error:?}"))?;
    Ok(Some(Request { message, filter }))
}

/// Takes the filter out of a search and leaves `(objectClass=*)` in its place.
fn take_filter(message: &mut StructureTag) -> Option<StructureTag> {
    let PL::C(parts) = &mut message.payload else {
        return None;
    };
    let operation = parts.get_mut(1)?;
    let is_search = operation.class == TagClass::Application && operation.id == SEARCH_REQUEST;
    let PL::C(parts) = &mut operation.payload else {
        return None;
    };
    if !is_search {
        return None;
    }
    let anything = StructureTag {
        class: TagClass::Context,
        id: 7,
        payload: PL::P(b"objectClass".to_vec()),
    };
    Some(std::mem::replace(parts.get_mut(FILTER_POSITION)?, anything))
}

/// The attributes of an entry as they are sent.
pub(crate) type SentAttributes<'a> = Vec<(Cow<'a, str>, Cow<'a, [Vec<u8>]>)>;

/// A search result entry, without the message around it.
pub(crate) fn entry(dn: &str, attributes: &SentAttributes) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, values) in attributes {
        let mut set = Vec::new();
        for value in values.iter() {
            put(&mut set, OCTET_STRING, value);
        }
        let mut attribute = Vec::with_capacity(set.len() + name.len() + 16);
        put(&mut attribute, OCTET_STRING, name.as_bytes());
        put(&mut attribute, SET, &set);
        put(&mut list, SEQUENCE, &attribute);
    }
    let mut content = Vec::with_capacity(list.len() + dn.len() + 16);
    put(&mut content, OCTET_STRING, dn.as_bytes());
    put(&mut content, SEQUENCE, &list);
    tagged(SEARCH_ENTRY, &content)
}

/// A user that is in no directory.
pub(crate) fn nobody(number: u128) -> Vec<u8> {
    let name = format!("nobody{number}");
    let attributes = [
        ("objectGUID", number.to_be_bytes().to_vec()),
        ("sAMAccountName", name.clone().into_bytes()),
        ("mail", format!("{name}@example.com").into_bytes()),
    ];
    let attributes = attributes.map(|(kind, value)| (Cow::from(kind), Cow::from(vec![value])));
    entry(&format!("CN={name},DC=nowhere"), &attributes.into())
}

pub(crate) fn reference(uris: &[String]) -> Vec<u8> {
    let mut content = Vec::new();
    for uri in uris {
        put(&mut content, OCTET_STRING, uri.as_bytes());
    }
    tagged(SEARCH_REFERENCE, &content)
}

pub(crate) fn result(tag: u8, result: &LdapResult) -> Vec<u8> {
    tagged(tag, &result_content(result))
}

/// The notice of disconnection, an extended response (RFC 4511, section 4.4.1).
pub(crate) fn notice_of_disconnection(result: &LdapResult) -> Vec<u8> {
    const RESPONSE_NAME: u8 = 0x8a;
    let mut content = result_content(result);
    put(&mut content, RESPONSE_NAME, b"1.3.6.1.4.1.1466.20036");
    tagged(EXTENDED_RESPONSE, &content)
}

/// The response control of paged results (RFC 2696), with an estimate of 0, as AD sends it.
pub(crate) fn paged_control(cookie: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    put(&mut value, INTEGER, &[0]);
    put(&mut value, OCTET_STRING, cookie);
    let mut control = Vec::new();
    put(&mut control, OCTET_STRING, b"1.2.840.113556.1.4.319");
    put(&mut control, OCTET_STRING, &tagged(SEQUENCE, &value));
    tagged(SEQUENCE, &control)
}

/// Puts an operation, and a control if there is one, into a message.
pub(crate) fn message(id: i32, operation: &[u8], control: Option<&[u8]>) -> Vec<u8> {
    const CONTROLS: u8 = 0xa0;
    let mut content = Vec::with_capacity(operation.len() + 16);
    put(&mut content, INTEGER, minimal(&id.to_be_bytes()));
    content.extend_from_slice(operation);
    if let Some(control) = control {
        put(&mut content, CONTROLS, control);
    }
    tagged(SEQUENCE, &content)
}

fn result_content(result: &LdapResult) -> Vec<u8> {
    const REFERRAL: u8 = 0xa3;
    let LdapResult {
        code,
        matched_dn,
        text,
        referrals,
    } = result;
    let mut content = Vec::new();
    put(&mut content, ENUMERATED, minimal(&code.to_be_bytes()));
    put(&mut content, OCTET_STRING, matched_dn.as_bytes());
    put(&mut content, OCTET_STRING, text.as_bytes());
    if !referrals.is_empty() {
        let mut uris = Vec::new();
        for uri in referrals {
            put(&mut uris, OCTET_STRING, uri.as_bytes());
        }
        put(&mut content, REFERRAL, &uris);
    }
    content
}

/// BER wants an integer in as few bytes as keep its sign (X.690, section 8.3.2).
fn minimal(bytes: &[u8]) -> &[u8] {
    match bytes {
        [0, next, ..] if *next < 0x80 => minimal(&bytes[1..]),
        _ => bytes,
    }
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 10);
    put(&mut out, tag, content);
    out
}

fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    if let Ok(length @ 0..128) = u8::try_from(content.len()) {
        out.push(length);
    } else {
        let length = content.len().to_be_bytes();
        let significant = length.iter().position(|byte| *byte != 0);
        let length = &length[significant.unwrap_or(0)..];
        // The first byte says how many bytes of length follow; a usize has eight at most.
        out.push(0x80 | u8::try_from(length.len()).unwrap_or(8));
        out.extend_from_slice(length);
    }
    out.extend_from_slice(content);
}
