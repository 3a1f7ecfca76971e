//! The members of a group on a server that does not resolve nested groups itself.
//!
//! A group names its members in one of several ways: by DN (`member`, and `uniqueMember` with an optional identifier,
//! RFC 4517, 3.3.21), by user name (`memberUid` of a POSIX group, RFC 2307, which also includes those whose primary
//! group it is), and by a search (`memberURL`). All are resolved to DNs.

use std::collections::HashSet;

use ldap::code::{NO_SUCH_OBJECT, REFERRAL};
use ldap::dn::{self, Key};
use ldap::{AllValues, Cause, Connection, Limit, Scope, Search, filter};

use super::url::MemberUrl;
use super::{GROUP_CLASSES, Group};
use crate::directory::{BATCH, DirectoryError};

/// The attributes that name members.
const ATTRIBUTES: [&str; 5] = [
    "member",
    "uniqueMember",
    "memberUid",
    "gidNumber",
    "memberURL",
];

/// The most memory for the member names of groups that are not DNs, in bytes: a million names.
const MOST_NAMED: usize = 40 << 20;

/// Finds all members of a group, nested ones included.
pub struct Walk<'a> {
    connection: &'a mut Connection,
    domain: &'a str,
    found: Found,
}

/// What was found so far.
struct Found {
    /// Every group of the domain.
    groups: HashSet<Key>,
    /// The members.
    members: HashSet<Key>,
    /// Member groups not read yet.
    to_read: Vec<String>,
}

/// The DNs of all members, in the form in which they are compared ([`dn::key`]).
pub fn of(
    connection: &mut Connection,
    domain: &str,
    group: &Group,
) -> Result<HashSet<Key>, DirectoryError> {
    let classes = GROUP_CLASSES.to_owned();
    let all = Search::below("the groups".to_owned(), domain, classes, &["1.1"]);
    let mut groups = HashSet::new();
    for page in connection.search(&all)? {
        let entries = page?;
        groups.extend(entries.iter().map(|entry| dn::key(&entry.dn())));
    }
    let mut walk = Walk {
        connection,
        domain,
        found: Found {
            groups,
            members: HashSet::new(),
            to_read: vec![group.dn.clone()],
        },
    };
    while let Some(group) = walk.found.to_read.pop() {
        walk.read(&group)?;
    }
    Ok(walk.found.members)
}

impl Walk<'_> {
    /// Adds the direct members of a group.
    fn read(&mut self, group: &str) -> Result<(), DirectoryError> {
        let what = format!("the members of {group}");
        let all = AllValues {
            what: what.clone(),
            dn: group,
            filter: "(objectClass=*)",
            attributes: &ATTRIBUTES,
        };
        let (mut users, mut urls, mut size) = (Vec::new(), Vec::new(), 0);
        let found = &mut self.found;
        let answer = all.read(self.connection, |attribute, value| {
            if value.is_empty() {
                return;
            }
            let value = String::from_utf8_lossy(value).into_owned();
            if attribute == "member" || attribute == "uniqueMember" {
                return found.add(without_identifier(&value));
            }
            size += size_of::<String>() + value.len();
            match attribute {
                _ if size > MOST_NAMED => {}
                "memberUid" => users.push(filter::equals("uid", &value)),
                "gidNumber" => users.push(filter::all(&[
                    "(objectClass=posixAccount)",
                    &filter::equals("gidNumber", &value),
                ])),
                _ => urls.push(value),
            }
        });
        match answer {
            // Deleted since the groups were read.
            Err(error) if error.result_code() == Some(NO_SUCH_OBJECT) => return Ok(()),
            answer => answer?,
        }
        let most = self.connection.max_entries();
        if size > MOST_NAMED {
            return Err(DirectoryError::too_many(
                self.connection,
                what,
                "bytes of names of members",
                MOST_NAMED,
            ));
        }
        if self.found.members.len() as u64 > most {
            let limit = Limit::values(&what, most);
            return Err(self.connection.error(&what, Cause::Limit(limit)).into());
        }
        for batch in users.chunks(BATCH) {
            let everywhere = MemberUrl {
                host: None,
                base: self.domain.to_owned(),
                scope: Scope::Subtree,
                filter: filter::any(batch),
            };
            self.search(&what, &everywhere)?;
        }
        for url in urls {
            match MemberUrl::parse(&url) {
                Err(reason) => log::warn!("{group} has members that are not read: {reason}: {url}"),
                Ok(url) => self.follow(group, &url)?,
            }
        }
        Ok(())
    }

    /// Adds what a URL finds, if it points into the domain on this server.
    fn follow(&mut self, group: &str, url: &MemberUrl) -> Result<(), DirectoryError> {
        let is_here = url.host.as_ref().is_none_or(|host| {
            let server = self.connection.server();
            let with_port = format!("{}:{}", server.host(), server.port());
            [server.host(), &with_port]
                .iter()
                .any(|it| it.eq_ignore_ascii_case(host))
        });
        if !is_here || !dn::is_within(&url.base, self.domain) {
            let host = url.host.as_deref().unwrap_or_default();
            log::warn!(
                "{group} has members elsewhere, which are not read: ldap://{host}/{}",
                url.base
            );
            return Ok(());
        }
        match self.search(&format!("the members of {group}"), url) {
            // It matches nothing.
            Err(error) if matches!(error.result_code(), Some(NO_SUCH_OBJECT | REFERRAL)) => {
                log::info!("{error}");
                Ok(())
            }
            answer => answer,
        }
    }

    fn search(&mut self, what: &str, url: &MemberUrl) -> Result<(), DirectoryError> {
        let search = Search {
            scope: url.scope,
            ..Search::below(what.to_owned(), &url.base, url.filter.clone(), &["1.1"])
        };
        let found = &mut self.found;
        for page in self.connection.search(&search)? {
            let entries = page?;
            for entry in &entries {
                found.add(&entry.dn());
            }
        }
        Ok(())
    }
}

impl Found {
    fn add(&mut self, dn: &str) {
        let key = dn::key(dn);
        if self.members.insert(key) && self.groups.contains(&key) {
            self.to_read.push(dn.to_owned());
        }
    }
}

/// A value of `uniqueMember` without the identifier that may follow the DN: `CN=a#'0101'B`.
pub fn without_identifier(value: &str) -> &str {
    let bits = |end: &str| {
        let bits = end.strip_suffix("'B").or_else(|| end.strip_suffix("'b"))?;
        Some(bits.bytes().all(|bit| b"01".contains(&bit)))
    };
    match value.rsplit_once("#'") {
        Some((dn, end)) if bits(end) == Some(true) => dn,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::without_identifier;

    #[test]
    fn bits_are_no_part_of_a_dn() {
        for (value, dn) in [
            ("CN=a,DC=x#'0101'B", "CN=a,DC=x"),
            ("CN=a,DC=x#''B", "CN=a,DC=x"),
            ("CN=a,DC=x", "CN=a,DC=x"),
            ("CN=a#'012'B", "CN=a#'012'B"),
            ("CN=a#'01'", "CN=a#'01'"),
            ("CN=a#b,DC=x#'1'B", "CN=a#b,DC=x"),
        ] {
            assert_eq!(without_identifier(value), dn);
        }
    }
}
