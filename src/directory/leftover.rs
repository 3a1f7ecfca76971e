//! Leftovers of replication that look like users. They are never imported, and a user of the
//! store who became one is kept unchanged: an administrator decides which of two is the right one.

use ldap::dn;

/// Why an entry with that DN and username is a leftover, if it is one.
pub fn reason(dn: &str, username: &str, is_active_directory: bool) -> Option<&'static str> {
    if !is_active_directory {
        // 389 Directory Server's name for the loser of a conflict.
        let is_conflict = dn::parts_of_first(dn).any(|part| starts_with(part, "nsuniqueid="));
        return is_conflict.then_some(
            "it is the leftover of a replication conflict (nsuniqueid= in its name): delete or rename it in the directory",
        );
    }
    if dn.contains("\\0ACNF:") {
        return Some(
            "it is the leftover of a replication conflict (CNF: in its name): delete or rename it in AD",
        );
    }
    if dn.contains("LostAndFound") && dn.split(',').any(|part| starts_with(part, LOST)) {
        return Some(
            "it lies in LostAndFound, where replication puts what has lost its place: move it back, or delete it, in AD",
        );
    }
    starts_with(username, "$DUPLICATE-").then_some(
        "AD took its sAMAccountName away, which another account had as well: rename or delete one of them in AD",
    )
}

/// The container for objects whose parent replication did not find (MS-ADTS 6.1.1.4.4).
const LOST: &str = "CN=LostAndFound";

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn what_replication_left_behind_is_told_by_its_name() {
        for (dn, username, is_active_directory, said) in [
            (r"CN=a\0ACNF:3f25,OU=x,DC=x", "a", true, Some("CNF:")),
            ("CN=a,CN=LostAndFound,DC=x", "a", true, Some("LostAndFound")),
            ("CN=a,OU=x", "$DUPLICATE-44f", true, Some("sAMAccountName")),
            (
                "nsuniqueid=1-2-3-4+uid=a,dc=x",
                "a",
                false,
                Some("nsuniqueid="),
            ),
            (
                "uid=a+nsuniqueid=1-2-3-4,dc=x",
                "a",
                false,
                Some("nsuniqueid="),
            ),
            (
                r"cn=Brown\, Ann+nsuniqueid=1-2-3-4,dc=x",
                "a",
                false,
                Some("nsuniqueid="),
            ),
            ("uid=a,nsuniqueid=1-2-3-4+ou=people,dc=x", "a", false, None),
            ("CN=a,OU=x", "a", true, None),
            ("CN=CNF:a,OU=LostAndFound,DC=x", "DUPLICATE-a", true, None),
            (r"CN=a\0ACNF:3f25,OU=x", "$DUPLICATE-44f", false, None),
            ("uid=a,ou=nsuniqueid,dc=x", "a", false, None),
        ] {
            let found = reason(dn, username, is_active_directory);
            assert_eq!(found.is_some(), said.is_some(), "{dn} {username}");
            let said = said.unwrap_or_default();
            assert!(found.unwrap_or_default().contains(said), "{dn}: {found:?}");
        }
    }
}
