//! The little that is decoded of BER here (ITU-T X.690, with the bounds of RFC 4511, 5.1): one value after the
//! other, whatever is nested in them. So nothing that is sent can use up the stack.

/// The number that says that the tag goes on in the next byte. LDAP has no such tags.
pub const LONG_TAG: u8 = 0x1f;

/// A value: its tag, of one byte, and what is in it.
pub struct Value<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

/// The first value, and what follows it. None if it is not whole, or none of LDAP.
pub fn value(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let [tag, length, rest @ ..] = bytes else {
        return None;
    };
    if tag & LONG_TAG == LONG_TAG {
        return None;
    }
    let (length, rest) = match usize::from(*length) {
        short @ ..0x80 => (short, rest),
        long => {
            let (octets, rest) = rest.split_at_checked(long - 0x80)?;
            (usize::try_from(number(octets)?).ok()?, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Value { tag: *tag, content }, rest))
}

/// An unsigned number of one to four bytes.
pub fn number(octets: &[u8]) -> Option<u32> {
    let sum = octets
        .iter()
        .fold(0, |sum: u32, it| sum << 8 | u32::from(*it));
    (1..=4).contains(&octets.len()).then_some(sum)
}
