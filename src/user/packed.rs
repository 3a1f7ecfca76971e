//! The text of a user in one piece.

use super::{Field, Profile};

/// A profile and a distinguished name: the fields one after another, and then the DN. Of a directory of a
/// million users each is one piece of memory and not six.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packed {
    text: Box<str>,
    /// Where each field ends; one that has no value ends where it begins.
    ends: [u32; FIELDS],
}

/// How many fields a profile has.
const FIELDS: usize = Field::TEXT.len();

impl Packed {
    /// A copy of these.
    pub fn new(profile: &Profile<&str>, dn: &str) -> Self {
        let fields = Field::TEXT.map(|field| profile.get(field).copied().unwrap_or_default());
        let mut end = 0;
        let ends = fields.map(|field| {
            end += field.len();
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        let mut text = String::with_capacity(end + dn.len());
        text.extend(fields);
        text.push_str(dn);
        Self {
            text: text.into(),
            ends,
        }
    }

    /// The profile.
    pub fn profile(&self) -> Profile<&str> {
        let mut number = 0..;
        Profile::from_fn(|_| {
            let value = number.next().map(|number| self.piece(number));
            value.filter(|value| !value.is_empty())
        })
    }

    /// The username.
    pub fn username(&self) -> &str {
        self.piece(0)
    }

    /// The distinguished name; empty where there is none.
    pub fn dn(&self) -> &str {
        self.piece(FIELDS)
    }

    fn piece(&self, number: usize) -> &str {
        let place = |end: &u32| usize::try_from(*end).unwrap_or(usize::MAX);
        let begin = number
            .checked_sub(1)
            .map_or(0, |before| place(&self.ends[before]));
        let end = self.ends.get(number).map_or(self.text.len(), place);
        self.text.get(begin..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out() {
        for bits in 0..16 {
            let some = |bit: u32, text| Some(text).filter(|_| bits >> bit & 1 == 1);
            let profile = Profile {
                username: "ελένη",
                first_name: some(0, "Ελένη"),
                last_name: some(1, "b"),
                email: some(2, "c@x"),
                contact_number: some(3, "+1"),
            };
            for dn in ["", "CN=é"] {
                let packed = Packed::new(&profile, dn);
                assert_eq!((packed.profile(), packed.dn()), (profile.clone(), dn));
            }
        }
    }
}
