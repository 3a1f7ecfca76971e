//! The length of a message, from its header alone, so that a message that is too long is refused before it is buffered.

use crate::ber::{Flaw, Header, SEQUENCE};

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not an LDAP message.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// It is this many bytes long.
    #[error("a message of {0} bytes")]
    TooLong(u64),
}

/// The length in bytes of the message that starts here, header included; `None` while there is
/// too little to tell.
pub fn message_length(bytes: &[u8], longest: u64) -> Result<Option<usize>, Refusal> {
    if bytes.first().is_some_and(|tag| *tag != SEQUENCE) {
        return Err(Flaw::NotLdap.into());
    }
    let Some(header) = Header::read(bytes)? else {
        return Ok(None);
    };
    let length = header.length.saturating_add(header.size as u64);
    match usize::try_from(length) {
        Ok(fits) if length <= longest => Ok(Some(fits)),
        _ => Err(Refusal::TooLong(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: u64 = 64_000;

    fn length(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        message_length(bytes, LONGEST)
    }

    #[test]
    fn a_message_ends_where_its_header_says() {
        assert_eq!(length(&[0x30, 5, 2, 1, 7]), Ok(Some(7)));
        // As Active Directory does.
        let header = [0x30, 0x84, 0, 0, 1, 0];
        assert_eq!(length(&header), Ok(Some(262)));
        for cut in 0..header.len() {
            assert_eq!(length(&header[..cut]), Ok(None), "{cut} bytes");
        }
    }

    #[test]
    fn a_length_over_the_limit_is_refused_with_its_header() {
        let header = |length: u32| [&[0x30, 0x84], &length.to_be_bytes()[..]].concat();
        assert_eq!(length(&header(63_994)), Ok(Some(64_000)));
        assert_eq!(length(&header(63_995)), Err(Refusal::TooLong(64_001)));
        assert_eq!(
            length(&header(u32::MAX)),
            Err(Refusal::TooLong(0xffff_ffff + 6))
        );
        let most = [[0x30, 0x88].as_slice(), &[0xff; 8]].concat();
        assert_eq!(length(&most), Err(Refusal::TooLong(u64::MAX)));
    }

    #[test]
    fn what_is_not_ldap_is_refused_at_once() {
        for other in [
            &b"H"[..],
            &[0],
            &[0x16, 3, 1],
            &[0x30, 0x80],
            &[0x30, 0x89],
            &[0x30, 0xff],
        ] {
            assert_eq!(length(other), Err(Flaw::NotLdap.into()), "{other:?}");
        }
    }
}
