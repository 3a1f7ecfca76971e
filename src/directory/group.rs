//! The members of a group, nested ones included.
//!
//! AD walks the chain itself (`LDAP_MATCHING_RULE_IN_CHAIN`, MS-ADTS 3.1.1.3.4.4.3). It does not count
//! those whose *primary* group it is (MS-ADTS 3.1.1.1.4), so the filter names these as well. On any other
//! server adsync walks from group to group (`members`).

pub mod members;
pub mod url;

use ldap::code::{INVALID_DN_SYNTAX, NO_SUCH_OBJECT, REFERRAL};
use ldap::{Connection, Entry, Search, filter};

use super::error::DirectoryError;
use super::names::add_known;

const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// The object classes of groups, on any server.
const GROUP_CLASSES: &str = "(|(objectClass=group)(objectClass=groupOfNames)\
    (objectClass=groupOfUniqueNames)(objectClass=posixGroup)(objectClass=groupOfURLs))";

/// A group that was found.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its DN.
    pub dn: String,
    /// The RID of its SID, by which accounts name their primary group; AD only.
    rid: Option<u32>,
}

impl Group {
    fn from_entry(entry: &Entry) -> Self {
        // The last four bytes of a SID are its RID, little-endian (MS-DTYP 2.4.2.2).
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
    let attributes = ["objectSid"];
    if name.contains('=') {
        let by_dn = Search {
            what: format!("the group {name}"),
            filter: GROUP_CLASSES.to_owned(),
            ..Search::at(name, &attributes)
        };
        match collect(connection, &by_dn) {
            Ok(found) if !found.is_empty() => return Ok(found),
            Ok(_) => {}
            // No such DN, or not a DN: it may still be a name with an equals sign.
            Err(error)
                if matches!(
                    error.result_code(),
                    Some(REFERRAL | NO_SUCH_OBJECT | INVALID_DN_SYNTAX)
                ) => {}
            Err(error) => return Err(error),
        }
    }
    let names = filter::any([
        filter::equals("sAMAccountName", name),
        filter::equals("cn", name),
    ]);
    let by_name = Search::below(
        format!("the group {name}"),
        domain,
        filter::all(&[GROUP_CLASSES, &names]),
        &attributes,
    );
    collect(connection, &by_name)
}

/// The names of all groups of the domain, for "did you mean".
pub fn names(connection: &mut Connection, domain: &str) -> Result<Vec<String>, DirectoryError> {
    let search = Search::below(
        "the groups".to_owned(),
        domain,
        GROUP_CLASSES.to_owned(),
        &["sAMAccountName", "cn"],
    );
    let mut names = Vec::new();
    for page in connection.search(&search)? {
        let entries = page?;
        let called = entries.iter().filter_map(|entry| {
            entry
                .first_text("sAMAccountName")
                .or_else(|| entry.first_text("cn"))
        });
        let called: Vec<String> = called.collect();
        add_known(&mut names, called.iter().map(String::as_str));
    }
    Ok(names)
}

/// How many groups may share a name, or be nested.
const MOST_GROUPS: usize = 10_000;

fn collect(connection: &mut Connection, search: &Search) -> Result<Vec<Group>, DirectoryError> {
    let mut groups = Vec::new();
    let mut are_too_many = false;
    for page in connection.search(search)? {
        let entries = page?;
        are_too_many |= groups.len() + entries.len() > MOST_GROUPS;
        if !are_too_many {
            groups.extend(entries.iter().map(Group::from_entry));
        }
    }
    if are_too_many {
        let what = search.what.clone();
        return Err(DirectoryError::too_many(
            connection,
            what,
            "groups",
            MOST_GROUPS,
        ));
    }
    Ok(groups)
}

/// On AD: the filter for the members of the group, nested ones and those whose primary group is
/// among them included.
pub fn in_chain(
    connection: &mut Connection,
    domain: &str,
    group: &Group,
) -> Result<String, DirectoryError> {
    let chain = format!("(memberOf:{IN_CHAIN}:={})", filter::escaped(&group.dn));
    let nested = Search::below(
        format!("the groups in {}", group.dn),
        domain,
        filter::all(&["(objectClass=group)", &chain]),
        &["objectSid"],
    );
    let mut groups = collect(connection, &nested)?;
    groups.push(group.clone());
    let primary = groups
        .iter()
        .filter_map(|group| group.rid)
        .map(|rid| format!("(primaryGroupID={rid})"));
    Ok(filter::any(primary.chain([chain])))
}
