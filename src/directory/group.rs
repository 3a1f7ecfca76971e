//! The members of a group, nested ones included.
//!
//! AD walks the chain itself (`LDAP_MATCHING_RULE_IN_CHAIN`, MS-ADTS 3.1.1.3.4.4.3). It does not count
//! those whose *primary* group it is (MS-ADTS 3.1.1.1.4), so these are asked for beside it. Any other
//! server is walked by reading `member`, in ranges where it gives them so (MS-ADTS 3.1.1.3.1.3.3).

use std::collections::HashSet;

use super::ber::lossy;
use super::connection::{Connection, Scope, Search};
use super::entry::Entry;
use super::error::{DirectoryError, NO_SUCH_OBJECT};
use super::{dn, filter};

/// `referral`: the DN lies in a naming context that this server does not hold.
const REFERRAL: u32 = 10;

const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// What a group is, on any server.
const GROUP_CLASSES: &str =
    "(|(objectClass=group)(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))";

/// A group that was found.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its DN.
    pub dn: String,
    /// The relative identifier of its SID, by which accounts name their primary group; AD only.
    rid: Option<u32>,
}

impl Group {
    fn from_entry(entry: &Entry) -> Self {
        // The last four bytes of a SID are its relative identifier, little-endian (MS-DTYP 2.4.2.2).
        let rid = entry
            .first("objectSid")
            .and_then(|sid| sid.last_chunk::<4>())
            .map(|rid| u32::from_le_bytes(*rid));
        Self {
            dn: entry.dn().into_owned(),
            rid,
        }
    }
}

/// Groups by DN, or by name (`sAMAccountName` or `cn`) anywhere in the domain.
pub fn find(
    connection: &mut Connection,
    domain: &str,
    name: &str,
) -> Result<Vec<Group>, DirectoryError> {
    let attributes = vec!["objectSid".to_owned()];
    if name.contains('=') {
        let by_dn = Search {
            what: format!("the group {name}"),
            base: name.to_owned(),
            scope: Scope::Base,
            filter: GROUP_CLASSES.to_owned(),
            attributes: attributes.clone(),
            show_deleted: false,
            first_page_only: false,
        };
        match collect(connection, &by_dn) {
            Ok(found) if !found.is_empty() => return Ok(found),
            Ok(_) => {}
            // No such DN, or no DN at all: then it may still be a name with an equals sign.
            Err(error) if matches!(error.result_code(), Some(REFERRAL | NO_SUCH_OBJECT | 34)) => {}
            Err(error) => return Err(error),
        }
    }
    let names = filter::any([
        filter::equals("sAMAccountName", name),
        filter::equals("cn", name),
    ]);
    let by_name = Search {
        what: format!("the group {name}"),
        base: domain.to_owned(),
        scope: Scope::Subtree,
        filter: filter::all(&[GROUP_CLASSES, &names]),
        attributes,
        show_deleted: false,
        first_page_only: false,
    };
    collect(connection, &by_name)
}

/// The names of all groups of the domain, for "did you mean".
pub fn names(connection: &mut Connection, domain: &str) -> Result<Vec<String>, DirectoryError> {
    let search = Search {
        what: "the groups".to_owned(),
        base: domain.to_owned(),
        scope: Scope::Subtree,
        filter: GROUP_CLASSES.to_owned(),
        attributes: vec!["sAMAccountName".to_owned(), "cn".to_owned()],
        show_deleted: false,
        first_page_only: false,
    };
    let mut names = Vec::new();
    connection.search(&search, |entries| {
        names.extend(entries.iter().filter_map(|entry| {
            entry
                .first_text("sAMAccountName")
                .or_else(|| entry.first_text("cn"))
        }));
        Ok::<_, DirectoryError>(())
    })?;
    Ok(names)
}

fn collect(connection: &mut Connection, search: &Search) -> Result<Vec<Group>, DirectoryError> {
    let mut groups = Vec::new();
    connection.search(search, |entries| {
        groups.extend(entries.iter().map(Group::from_entry));
        Ok::<_, DirectoryError>(())
    })?;
    Ok(groups)
}

/// On AD: the filter that members of the group match, nested ones and those whose primary group is
/// among them included.
pub fn in_chain(
    connection: &mut Connection,
    domain: &str,
    group: &Group,
) -> Result<String, DirectoryError> {
    let chain = format!(
        "(memberOf:{IN_CHAIN}:={})",
        ldap3::ldap_escape(group.dn.as_str())
    );
    let nested = Search {
        what: format!("the groups in {}", group.dn),
        base: domain.to_owned(),
        scope: Scope::Subtree,
        filter: filter::all(&["(objectClass=group)", &chain]),
        attributes: vec!["objectSid".to_owned()],
        show_deleted: false,
        first_page_only: false,
    };
    let mut groups = collect(connection, &nested)?;
    groups.push(group.clone());
    let primary = groups
        .iter()
        .filter_map(|group| group.rid)
        .map(|rid| format!("(primaryGroupID={rid})"));
    Ok(filter::any(primary.chain([chain])))
}

/// On any other server: the DNs of all members, as they are compared.
pub fn member_dns(
    connection: &mut Connection,
    domain: &str,
    group: &Group,
) -> Result<HashSet<String>, DirectoryError> {
    let all = Search {
        what: "the groups".to_owned(),
        base: domain.to_owned(),
        scope: Scope::Subtree,
        filter: GROUP_CLASSES.to_owned(),
        attributes: vec!["1.1".to_owned()],
        show_deleted: false,
        first_page_only: false,
    };
    let groups: HashSet<String> = collect(connection, &all)?
        .into_iter()
        .map(|group| dn::normalised(&group.dn))
        .collect();
    let mut members = HashSet::new();
    let mut to_read = vec![group.dn.clone()];
    while let Some(group) = to_read.pop() {
        for member in members_of(connection, &group)? {
            let folded = dn::normalised(&member);
            let is_group = groups.contains(&folded);
            if members.insert(folded) && is_group {
                to_read.push(member);
            }
        }
    }
    Ok(members)
}

/// The direct members of a group, all ranges of them.
fn members_of(connection: &mut Connection, group: &str) -> Result<Vec<String>, DirectoryError> {
    let mut members = Vec::new();
    let mut wanted = vec!["member".to_owned(), "uniqueMember".to_owned()];
    loop {
        let search = Search {
            what: format!("the members of {group}"),
            base: group.to_owned(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: wanted,
            show_deleted: false,
            first_page_only: false,
        };
        let mut next = None;
        connection.search(&search, |entries| {
            for (description, values) in entries.iter().flat_map(Entry::attributes) {
                next = next.take().or_else(|| next_range(&description));
                members.extend(values.map(lossy));
            }
            Ok::<_, DirectoryError>(())
        })?;
        match next {
            Some(range) => wanted = vec![range],
            None => return Ok(members),
        }
    }
}

/// What to ask for after `member;range=0-1499`: `member;range=1500-*`. The last range ends in `*`.
fn next_range(description: &str) -> Option<String> {
    let (attribute, range) = description.split_once(";range=")?;
    let (_, last) = range.split_once('-')?;
    let next = last.parse::<u64>().ok()?.checked_add(1)?;
    Some(format!("{attribute};range={next}-*"))
}

#[cfg(test)]
mod tests {
    use super::next_range;

    #[test]
    fn ranges_are_followed_to_the_end() {
        assert_eq!(
            next_range("member;range=0-1499").as_deref(),
            Some("member;range=1500-*")
        );
        assert_eq!(next_range("member;range=1500-*"), None);
        assert_eq!(next_range("member"), None);
    }
}
