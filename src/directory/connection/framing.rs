//! The frames of LDAP messages: where each one begins and ends, told from the headers of its elements.
//!
//! ldap3 holds a message in memory until it has all of it, waits for ever where an inner length is a lie,
//! and follows any nesting until the stack is used up. So what a server sends is looked at here before.
//! Values are stepped over and never kept: the state is a few numbers. Pure; `guard` feeds it.

use std::collections::VecDeque;

use super::ber::LONG_TAG;

/// What an element costs in memory beside its bytes: a tag of lber is 48 bytes, a short value 16.
const ELEMENT_WEIGHT: u64 = 64;

/// How deep elements may lie in each other. A search result entry has 6 levels, a control not as many.
const DEPTH: usize = 16;

/// `SEQUENCE`, constructed: what every LDAP message begins with (RFC 4511, 4.1.1).
const MESSAGE: u8 = 0x30;

/// The bit of an identifier that says that there are elements in the element.
const CONSTRUCTED: u8 = 0x20;

/// Why a message is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// What comes is no LDAP message.
    #[error("it is not LDAP")]
    NotLdap,
    /// An element is longer than the one that it lies in.
    #[error("an element is longer than the message it is in")]
    Overrun,
    /// Elements lie in elements beyond any need.
    #[error("its elements are nested more than {DEPTH} deep")]
    TooDeep,
    /// The message says that it has this many bytes.
    #[error("a message of {0} bytes")]
    TooLong(u64),
    /// The message has more elements than a message of the longest length may have.
    #[error("a message of more than {0} elements")]
    TooManyElements(u64),
}

/// Follows the messages of a connection.
#[derive(Debug)]
pub struct Framing {
    longest: u64,
    most_elements: u64,
    /// Of each element that others lie in, the message first: how much of it is not theirs yet.
    /// Nothing is open between messages.
    open: Vec<u64>,
    /// What is left of the value that is being stepped over.
    value_left: u64,
    header: Header,
    message: Message,
    complete: VecDeque<u64>,
}

/// The message that is under way.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    bytes: u64,
    elements: u64,
}

/// How far the header of an element was read.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    tag: Option<u8>,
    read: u64,
    /// Bytes of the length that are to come, where it has several.
    length_bytes: u8,
    length: u64,
}

impl Framing {
    /// Messages of at most this many bytes.
    pub fn new(longest: u64) -> Self {
        Self {
            longest,
            most_elements: longest / ELEMENT_WEIGHT,
            open: Vec::with_capacity(DEPTH),
            value_left: 0,
            header: Header::default(),
            message: Message::default(),
            complete: VecDeque::new(),
        }
    }

    /// Looks at the next bytes, wherever they were cut.
    pub fn follow(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.value_left > 0 {
                let left = usize::try_from(self.value_left).unwrap_or(usize::MAX);
                let here = left.min(bytes.len());
                self.value_left -= here as u64;
                bytes = &bytes[here..];
            } else {
                if let Some((tag, length)) = self.header.next(byte, self.open.is_empty())? {
                    self.begin(tag, length)?;
                }
                bytes = rest;
            }
            if self.value_left == 0 && self.header.tag.is_none() {
                self.leave_what_has_ended();
            }
        }
        Ok(())
    }

    /// What the oldest complete message that was not taken yet weighs: about what it needs in memory.
    pub fn take_complete(&mut self) -> Option<u64> {
        self.complete.pop_front()
    }

    /// An element begins, its header read to the end.
    fn begin(&mut self, tag: u8, length: u64) -> Result<(), Violation> {
        let Header { read, .. } = std::mem::take(&mut self.header);
        let whole = read.saturating_add(length);
        match self.open.last_mut() {
            None if whole > self.longest => return Err(Violation::TooLong(whole)),
            None => self.message.bytes = whole,
            Some(left) => *left = left.checked_sub(whole).ok_or(Violation::Overrun)?,
        }
        self.message.elements += 1;
        if self.message.elements > self.most_elements {
            return Err(Violation::TooManyElements(self.most_elements));
        }
        if tag & CONSTRUCTED == 0 {
            self.value_left = length;
        } else if self.open.len() == DEPTH {
            return Err(Violation::TooDeep);
        } else {
            self.open.push(length);
        }
        Ok(())
    }

    fn leave_what_has_ended(&mut self) {
        while self.open.last() == Some(&0) {
            self.open.pop();
        }
        if self.open.is_empty() {
            let Message { bytes, elements } = std::mem::take(&mut self.message);
            self.complete.push_back(bytes + elements * ELEMENT_WEIGHT);
        }
    }
}

impl Header {
    /// Reads a byte; with the last one the tag and the length of the element.
    fn next(&mut self, byte: u8, is_message: bool) -> Result<Option<(u8, u64)>, Violation> {
        self.read += 1;
        let Some(tag) = self.tag else {
            if byte & LONG_TAG == LONG_TAG || (is_message && byte != MESSAGE) {
                return Err(Violation::NotLdap);
            }
            self.tag = Some(byte);
            return Ok(None);
        };
        if self.length_bytes > 0 {
            self.length = (self.length << 8) | u64::from(byte);
            self.length_bytes -= 1;
            return Ok((self.length_bytes == 0).then_some((tag, self.length)));
        }
        match byte {
            0..=0x7f => Ok(Some((tag, u64::from(byte)))),
            // Active Directory writes every length in four bytes; eight are what a number holds.
            0x81..=0x88 => {
                self.length_bytes = byte - 0x80;
                Ok(None)
            }
            // A length that is only known at the end is not for LDAP (RFC 4511, 5.1).
            _ => Err(Violation::NotLdap),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: u64 = 64_000;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).expect("a short element");
        // As Active Directory does.
        [&[tag, 0x84], &length.to_be_bytes()[..], content].concat()
    }

    fn follow(bytes: &[u8]) -> Result<Vec<u64>, Violation> {
        let mut framing = Framing::new(LONGEST);
        framing.follow(bytes)?;
        Ok(std::iter::from_fn(|| framing.take_complete()).collect())
    }

    fn nested(depth: usize) -> Vec<u8> {
        (0..depth).fold(Vec::new(), |inner, _| element(MESSAGE, &inner))
    }

    #[test]
    fn messages_are_told_apart_wherever_they_are_cut() {
        let short = [0x30, 5, 0x02, 1, 7, 0x42, 0];
        let long = element(MESSAGE, &element(0x04, &[0x30; 300]));
        let bytes = [&short[..], &long, &short].concat();
        let whole = follow(&bytes).expect("three messages");
        assert_eq!(whole, [7 + 3 * 64, 312 + 2 * 64, 7 + 3 * 64]);
        for size in [1, 2, 3, 7, 100] {
            let mut framing = Framing::new(LONGEST);
            for piece in bytes.chunks(size) {
                framing.follow(piece).expect("nothing is wrong with it");
            }
            assert_eq!(framing.complete, whole);
        }
    }

    #[test]
    fn a_length_over_the_limit_is_refused_with_its_header() {
        assert_eq!(
            follow(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
            Err(Violation::TooLong(0xffff_ffff + 6))
        );
        let most = [[0x30, 0x88].as_slice(), &[0xff; 8]].concat();
        assert_eq!(follow(&most), Err(Violation::TooLong(u64::MAX)));
        let fits = element(MESSAGE, &element(0x04, &vec![0; 63_988]));
        assert_eq!(follow(&fits), Ok(vec![LONGEST + 2 * 64]));
        let over = element(MESSAGE, &element(0x04, &vec![0; 63_989]));
        assert_eq!(follow(&over), Err(Violation::TooLong(LONGEST + 1)));
    }

    #[test]
    fn an_inner_length_that_lies_is_refused() {
        for lie in [
            &[0x30, 3, 0x04, 2, 0][..],
            &[0x30, 1, 0x04, 0],
            &[0x30, 6, 0x30, 2, 0x04, 1, 0, 0],
            &[0x30, 10, 0x04, 0x88, 255, 255, 255, 255, 255, 255, 255, 255],
        ] {
            assert_eq!(follow(lie), Err(Violation::Overrun), "{lie:?}");
        }
    }

    #[test]
    fn what_is_nested_without_need_is_refused() {
        assert!(follow(&nested(DEPTH)).is_ok());
        assert_eq!(follow(&nested(DEPTH + 1)), Err(Violation::TooDeep));
    }

    #[test]
    fn a_flood_of_empty_elements_is_refused() {
        assert!(follow(&element(MESSAGE, &[0x04, 0].repeat(999))).is_ok());
        assert_eq!(
            follow(&element(MESSAGE, &[0x04, 0].repeat(1000))),
            Err(Violation::TooManyElements(1000))
        );
    }

    #[test]
    fn what_is_not_ldap_is_refused_at_once() {
        for other in [
            &b"H"[..],
            &[0x16, 3, 1],
            &[0x30, 0x80],
            &[0x30, 0x89],
            &[0x30, 0xff],
            &[0x30, 4, 0x1f, 0x81],
        ] {
            assert_eq!(follow(other), Err(Violation::NotLdap), "{other:?}");
        }
    }
}
