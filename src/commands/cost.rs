//! What reading costs the server, in entries of a plain enumeration.

/// What a user costs when it is looked up by identity (docs/performance.md).
const LOOK_UP: u64 = 4;

/// Whether reading the whole scope is cheaper than looking that many users up by identity.
pub fn is_cheaper_to_read_all(users: u64, scope_users: u64) -> bool {
    users.saturating_mul(LOOK_UP) > scope_users
}

#[cfg(test)]
mod tests {
    use super::is_cheaper_to_read_all;

    #[test]
    fn a_few_of_many_are_looked_up_and_a_large_part_is_enumerated() {
        assert!(!is_cheaper_to_read_all(1000, 1_000_000));
        assert!(is_cheaper_to_read_all(90_000, 100_000));
        assert!(is_cheaper_to_read_all(3, 3));
        assert!(is_cheaper_to_read_all(u64::MAX, 1_000_000));
    }
}
