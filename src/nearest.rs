//! "Did you mean …?"

/// How alike two names must be for one to be offered for the other (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.75;

/// The known name most like one that is not known, if any is like it at all. Case does not count.
pub fn nearest<N: AsRef<str>>(name: &str, known: impl IntoIterator<Item = N>) -> Option<N> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let likeness = strsim::jaro_winkler(&name, &candidate.as_ref().to_lowercase());
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_is_offered() {
        let known = ["bob", "alice", "alina"];
        assert_eq!(nearest("alcie", known), Some("alice"));
        assert_eq!(nearest("ALICE", known), Some("alice"));
    }

    #[test]
    fn what_is_not_alike_is_not_offered() {
        assert_eq!(nearest("zoe", ["bob", "alice"]), None);
    }
}
