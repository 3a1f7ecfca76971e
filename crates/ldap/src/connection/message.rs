//! The LDAP messages needed to bind and to search (RFC 4511, 4), without any networking.

use secrecy::zeroize::Zeroizing;

use super::Search;
use crate::ber::{
    BOOLEAN, ENUMERATED, Element, Elements, Flaw, INTEGER, OCTET_STRING, SEQUENCE, element,
    integer, lossy, number,
};
use crate::filter;

/// The tag of the answer to a bind.
pub const BIND_RESPONSE: u8 = 0x61;

/// The tags of the other operations.
pub const BIND_REQUEST: u8 = 0x60;
pub const SEARCH_REQUEST: u8 = 0x63;
pub const SEARCH_RESULT_ENTRY: u8 = 0x64;
pub const SEARCH_RESULT_DONE: u8 = 0x65;
pub const SEARCH_RESULT_REFERENCE: u8 = 0x73;
pub const EXTENDED_REQUEST: u8 = 0x77;
pub const EXTENDED_RESPONSE: u8 = 0x78;
pub const INTERMEDIATE_RESPONSE: u8 = 0x79;

/// The tag of a message's controls.
const CONTROLS: u8 = 0xa0;

/// Tags within a result.
const REFERRAL: u8 = 0xa3;
const SERVER_SASL_CREDENTIALS: u8 = 0x87;

/// Tags of the authentication choices.
const SIMPLE: u8 = 0x80;
#[cfg(feature = "kerberos")]
const SASL: u8 = 0xa3;

/// The LDAP version.
const VERSION: u32 = 3;

/// The paged results control (RFC 2696).
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// A received message.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// The ID of the request it answers; 0 if none.
    pub number: u32,
    /// What it says, or asks for.
    pub operation: Element<'a>,
    /// The controls that came with it.
    pub controls: Elements<'a>,
}

impl<'a> Message<'a> {
    /// Decodes a whole message; its operation and controls are only decoded when asked for.
    pub fn decode(message: &'a [u8]) -> Result<Self, Flaw> {
        let mut parts = Elements(Elements(message).expect(SEQUENCE)?);
        Ok(Self {
            number: number(parts.expect(INTEGER)?)?,
            operation: parts.read()?,
            // Active Directory puts something else here in a notice of disconnection.
            controls: Elements(parts.read_if(CONTROLS)?.unwrap_or_default()),
        })
    }

    /// The cookie of the paged results control; `None` if the server did not send it.
    pub fn cookie(mut self) -> Result<Option<&'a [u8]>, Flaw> {
        while !self.controls.is_empty() {
            let mut control = Elements(self.controls.expect(SEQUENCE)?);
            let kind = control.expect(OCTET_STRING)?;
            let _criticality = control.read_if(BOOLEAN)?;
            if kind == PAGED_RESULTS.as_bytes() {
                return cookie(control.expect(OCTET_STRING)?).map(Some);
            }
        }
        Ok(None)
    }
}

/// The cookie in the value of the paged results control, after the estimated number of entries.
pub fn cookie(control: &[u8]) -> Result<&[u8], Flaw> {
    let mut control = Elements(Elements(control).expect(SEQUENCE)?);
    let _estimate = control.expect(INTEGER)?;
    control.expect(OCTET_STRING)
}

/// How many referral URLs of a result are kept; they are only shown.
const MOST_REFERRALS: usize = 16;

/// A result (RFC 4511, 4.1.9), with the server's SASL credentials if there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The result code.
    pub code: u32,
    /// The diagnostic message.
    pub text: String,
    /// The first few referral URLs.
    pub referrals: Vec<String>,
    /// `serverSaslCreds`; empty if absent.
    pub token: Vec<u8>,
}

impl Outcome {
    /// Decodes the contents of a result.
    pub fn decode(content: &[u8]) -> Result<Self, Flaw> {
        let mut parts = Elements(content);
        let code = number(parts.expect(ENUMERATED)?)?;
        let _matched = parts.expect(OCTET_STRING)?;
        let text = lossy(parts.expect(OCTET_STRING)?);
        let referrals = Elements(parts.read_if(REFERRAL)?.unwrap_or_default())
            .filter(|it| !it.content.is_empty())
            .take(MOST_REFERRALS)
            .map(|it| lossy(it.content))
            .collect();
        let token = parts.find(|it| it.tag == SERVER_SASL_CREDENTIALS);
        Ok(Self {
            code,
            text,
            referrals,
            token: token.map(|it| it.content.to_vec()).unwrap_or_default(),
        })
    }
}

/// An encoded request, zeroed when dropped.
pub type Encoded = Zeroizing<Vec<u8>>;

/// A message with this operation.
pub fn message(number: u32, operation: &[u8], controls: &[u8]) -> Encoded {
    element(SEQUENCE, &[&integer(INTEGER, number), operation, controls])
}

/// A simple bind (RFC 4513, 5.1.3).
pub fn simple_bind(username: &str, password: &str) -> Encoded {
    bind(username, &element(SIMPLE, &[password.as_bytes()]))
}

/// A step of a SASL bind (RFC 4513, 5.2).
#[cfg(feature = "kerberos")]
pub fn sasl_bind(mechanism: &str, token: &[u8]) -> Encoded {
    let mechanism = octets(mechanism);
    let token = match token {
        [] => Encoded::default(),
        token => element(OCTET_STRING, &[token]),
    };
    bind("", &element(SASL, &[&mechanism, &token]))
}

fn bind(name: &str, authentication: &[u8]) -> Encoded {
    let version = integer(INTEGER, VERSION);
    element(BIND_REQUEST, &[&version, &octets(name), authentication])
}

/// An extended request without a value (RFC 4511, 4.12).
pub fn extended(name: &str) -> Encoded {
    const NAME: u8 = 0x80;
    element(EXTENDED_REQUEST, &[&element(NAME, &[name.as_bytes()])])
}

/// A search (RFC 4511, 4.5.1); `None` if its filter cannot be parsed.
pub fn search(search: &Search, types_only: bool) -> Option<Encoded> {
    /// Aliases are not followed, and there is no limit but the server's.
    const NEVER: u32 = 0;
    const NO_LIMIT: u32 = 0;
    let filter = filter::encoded(&search.filter)?;
    let names: Vec<Encoded> = search.attributes.iter().map(|it| octets(it)).collect();
    let names: Vec<&[u8]> = names.iter().map(|it| it.as_slice()).collect();
    Some(element(
        SEARCH_REQUEST,
        &[
            &octets(&search.base),
            &integer(ENUMERATED, search.scope as u32),
            &integer(ENUMERATED, NEVER),
            &integer(INTEGER, NO_LIMIT),
            &integer(INTEGER, NO_LIMIT),
            &element(BOOLEAN, &[&[if types_only { 0xff } else { 0 }]]),
            &filter,
            &element(SEQUENCE, &names),
        ],
    ))
}

/// Controls.
pub fn controls(controls: &[&[u8]]) -> Encoded {
    element(CONTROLS, controls)
}

/// Requests the page after this cookie, with at most that many entries.
pub fn paged_results(size: u32, cookie: &[u8]) -> Encoded {
    let size = integer(INTEGER, size);
    let value = element(SEQUENCE, &[&size, &element(OCTET_STRING, &[cookie])]);
    let value = element(OCTET_STRING, &[&value]);
    element(SEQUENCE, &[&octets(PAGED_RESULTS), &value])
}

/// A critical control without a value.
pub fn critical(kind: &str) -> Encoded {
    element(SEQUENCE, &[&octets(kind), &element(BOOLEAN, &[&[0xff]])])
}

fn octets(text: &str) -> Encoded {
    element(OCTET_STRING, &[text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_the_rfc_says() {
        let request = message(1, &extended("1.3.6.1.4.1.1466.20037"), &[]);
        let expected = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
        assert_eq!(request.as_slice(), expected);
        let request = message(200, &simple_bind("me", "secret"), &[]);
        let expected = b"\x30\x15\x02\x02\x00\xc8\x60\x0f\x02\x01\x03\x04\x02me\x80\x06secret";
        assert_eq!(request.as_slice(), expected);
    }

    #[test]
    fn a_cookie_is_found_among_other_controls() {
        let done = element(SEARCH_RESULT_DONE, &[&[10, 1, 0, 4, 0, 4, 0]]);
        let other = critical("1.2.3");
        let page = paged_results(7, b"next");
        let answer = message(2, &done, &controls(&[&other, &page, &other]));
        let answer = Message::decode(&answer).expect("a message");
        assert_eq!(answer.number, 2);
        assert_eq!(answer.cookie(), Ok(Some(&b"next"[..])));
        let without = message(2, &done, &controls(&[&other]));
        let without = Message::decode(&without).expect("a message");
        assert_eq!(without.cookie(), Ok(None));
        let broken = [octets(PAGED_RESULTS), octets("no sequence")].map(|it| it.to_vec());
        let broken = element(SEQUENCE, &[&broken.concat()]);
        let broken = message(2, &done, &controls(&[&broken]));
        let broken = Message::decode(&broken).expect("a message");
        assert!(broken.cookie().is_err());
    }

    #[test]
    fn a_result_has_a_text_and_says_where_to_go() {
        let url = octets("ldap://dc9/");
        let referral = element(REFERRAL, &[&url, &url]);
        let parts = [&[10, 1, 10, 4, 0, 4, 1, 0xff][..], &referral].concat();
        let outcome = Outcome::decode(&parts).expect("a result");
        assert_eq!((outcome.code, outcome.text.as_str()), (10, "\u{fffd}"));
        assert_eq!(outcome.referrals, ["ldap://dc9/"; 2]);
        assert!(outcome.token.is_empty());
    }

    #[test]
    fn active_directory_says_goodbye_in_its_own_way() {
        // The notice's name stands where a message's controls belong.
        let notice = element(EXTENDED_RESPONSE, &[&[10, 1, 52, 4, 0, 4, 4], b"down"]);
        let name = element(0x8a, &[b"1.3.6.1.4.1.1466.20036"]);
        let notice = message(0, &notice, &name);
        let notice = Message::decode(&notice).expect("a message");
        assert_eq!(notice.number, 0);
        let outcome = Outcome::decode(notice.operation.content).expect("a result");
        assert_eq!((outcome.code, outcome.text.as_str()), (52, "down"));
    }
}
