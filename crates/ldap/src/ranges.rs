//! All values of an attribute of one entry. AD returns many values in parts, as `member;range=0-1499`, and the
//! next part is requested by name (MS-ADTS 3.1.1.3.1.3.3).

use crate::connection::{Connection, Scope, Search};
use crate::entry::Entry;
use crate::error::{Cause, Error, Limit};

/// The attributes of one entry, to be read to their last value.
pub struct AllValues<'a> {
    /// What an error calls it, after "cannot read".
    pub what: String,
    /// The DN of the entry.
    pub dn: &'a str,
    /// The filter that the entry must match.
    pub filter: &'a str,
    /// The attributes.
    pub attributes: &'a [&'a str],
}

impl AllValues<'_> {
    /// Passes on each value with the name its attribute was requested by.
    pub fn read(
        &self,
        connection: &mut Connection,
        mut on_value: impl FnMut(&str, &[u8]),
    ) -> Result<(), Error> {
        let mut wanted: Vec<(&str, u64)> = self.attributes.iter().map(|name| (*name, 0)).collect();
        let mut total = 0;
        while !wanted.is_empty() {
            let search = self.search(&wanted);
            let mut next = Vec::new();
            let mut refused = None;
            for page in connection.search(&search)? {
                let entries = page?;
                for entry in &entries {
                    for &(name, first) in &wanted {
                        match take(entry, name, first, &mut on_value) {
                            Ok((count, more)) => {
                                total += count;
                                next.extend(more.map(|begin| (name, begin)));
                            }
                            Err(cause) => refused = Some(cause),
                        }
                    }
                }
            }
            if total > connection.max_entries() {
                let limit = Limit::values(&self.what, connection.max_entries());
                refused.get_or_insert(Cause::Limit(limit));
            }
            if let Some(cause) = refused {
                return Err(connection.error(&self.what, cause));
            }
            wanted = next;
        }
        Ok(())
    }

    fn search(&self, wanted: &[(&str, u64)]) -> Search {
        let name = |&(name, first): &(&str, u64)| match first {
            0 => name.to_owned(),
            first => format!("{name};range={first}-*"),
        };
        Search {
            what: self.what.clone(),
            base: self.dn.to_owned(),
            scope: Scope::Base,
            filter: self.filter.to_owned(),
            attributes: wanted.iter().map(name).collect(),
            show_deleted: false,
            first_page_only: false,
        }
    }
}

/// Passes on the values of an attribute requested from `first` on; returns how many there are, and where
/// the next begin, if there are more. A server that does not continue from there is refused, or it would be asked
/// for ever.
fn take(
    entry: &Entry,
    name: &str,
    first: u64,
    on_value: &mut impl FnMut(&str, &[u8]),
) -> Result<(u64, Option<u64>), Cause> {
    let (mut count, mut next) = (0, None);
    for (description, values) in entry.attributes() {
        let range = match description.split_once(';') {
            None if description.eq_ignore_ascii_case(name) => None,
            Some((base, option)) if base.eq_ignore_ascii_case(name) => match range(option) {
                Some(range) => Some(range),
                // Another option makes it another attribute.
                None => continue,
            },
            _ => continue,
        };
        let before = count;
        for value in values {
            on_value(name, value);
            count += 1;
        }
        if let Some((begin, end)) = range {
            let is_next = begin == first && end.is_none_or(|end| end >= begin && count > before);
            if !is_next {
                return Err(Cause::Malformed(format!(
                    "{description} does not go on where {name} was left"
                )));
            }
            next = end.and_then(|end| end.checked_add(1));
        }
    }
    Ok((count, next))
}

/// The bounds of an option `range=0-1499`; the last range ends in `*`, and so in none.
pub fn range(option: &str) -> Option<(u64, Option<u64>)> {
    let (key, bounds) = option.split_once('=')?;
    let (first, last) = bounds.split_once('-')?;
    if !key.eq_ignore_ascii_case("range") {
        return None;
    }
    let last = match last {
        "*" => None,
        last => Some(last.parse().ok()?),
    };
    Some((first.parse().ok()?, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::entry_of;

    /// How many values come, and where the next begin.
    fn taken(description: &str, values: &[&[u8]], first: u64) -> Result<(u64, Option<u64>), Cause> {
        let entry = entry_of("CN=a", &[("Member", &[]), (description, values)]);
        take(&entry, "member", first, &mut |_, _| {})
    }

    #[test]
    fn ranges_are_followed_to_the_end() {
        let some: &[&[u8]] = &[b"a", b"b"];
        for (description, first, expected) in [
            ("member", 0, (2, None)),
            ("member;range=0-1499", 0, (2, Some(1500))),
            ("MEMBER;Range=1500-2999", 1500, (2, Some(3000))),
            ("member;range=3000-*", 3000, (2, None)),
            ("memberOf", 0, (0, None)),
            ("member;lang-de", 0, (0, None)),
        ] {
            assert_eq!(taken(description, some, first).ok(), Some(expected));
        }
    }

    #[test]
    fn a_range_that_does_not_go_on_is_refused() {
        let some: &[&[u8]] = &[b"a"];
        for (description, values, first) in [
            ("member;range=0-0", some, 1),
            ("member;range=5-4", some, 5),
            ("member;range=1500-2999", some, 0),
            ("member;range=0-1499", &[], 0),
        ] {
            assert!(taken(description, values, first).is_err(), "{description}");
        }
    }
}
