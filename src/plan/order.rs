//! Sorting by username, also of everybody in a first import.

use super::Import;
use crate::user::Folded;

/// How a folded username begins. That tells most users apart, and needs no memory of its own.
type Beginning = u128;

/// Sorts new users by username, and those who want the same by identity.
pub(super) fn by_username(users: &mut [Import]) {
    let mut order: Vec<(Beginning, usize)> = users
        .iter()
        .enumerate()
        .map(|(at, user)| (beginning(user), at))
        .collect();
    order.sort_unstable();
    for alike in order.chunk_by_mut(|one, other| one.0 == other.0) {
        alike.sort_by_cached_key(|(_, at)| {
            let user = &users[*at];
            (folded(user), user.guid())
        });
    }
    put(users, &mut order);
}

fn folded(user: &Import) -> Folded {
    Folded::new(user.username())
}

fn beginning(user: &Import) -> Beginning {
    let mut beginning = [0; size_of::<Beginning>()];
    let name = folded(user);
    beginning
        .iter_mut()
        .zip(name.as_str().bytes())
        .for_each(|(to, byte)| *to = byte);
    // The first byte counts most, as it does in text.
    Beginning::from_be_bytes(beginning)
}

/// Puts users in an order that says of each place who comes there.
fn put(users: &mut [Import], order: &mut [(Beginning, usize)]) {
    for place in 0..order.len() {
        let mut from = order[place].1;
        // What stood there has made room already, for the place that is told in turn.
        while from < place {
            from = order[from].1;
        }
        order[place].1 = from;
        users.swap(place, from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{ObjectGuid, Origin, Profile, Values};

    fn user(username: &str, guid: u8) -> Import {
        let origin = Origin::Directory {
            guid: ObjectGuid::from_bytes([guid; 16]),
            dn: "",
        };
        let profile = Profile {
            username,
            ..Profile::default()
        };
        let values = Values {
            profile,
            enabled: true,
        };
        Import::new(&origin, &values)
    }

    #[test]
    fn users_are_sorted_by_the_whole_name_and_then_by_identity() {
        let names = [
            "b",
            "a",
            "a\0",
            "A",
            "",
            "administrator-of-it",
            "administrator-of-hr",
            "ADMINISTRATOR-OF-HR",
            "administrator-of-",
            "Élodie",
            "élodie-de-la-tour",
        ];
        let mut users: Vec<Import> = (0..).zip(names).map(|(at, name)| user(name, at)).collect();
        let mut expected = users.clone();
        expected.sort_by_key(|it| (folded(it), it.guid()));
        by_username(&mut users);
        assert_eq!(users, expected);
        users.reverse();
        by_username(&mut users);
        assert_eq!(users, expected);
    }
}
