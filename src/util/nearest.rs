//! "Did you mean …?"

/// How similar two names must be for one to be suggested for the other (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.75;

/// Names that are longer, in bytes, are not compared: nobody types them, and comparing takes the square of
/// their length.
const LONGEST: usize = 256;

/// The known name most like one that is not known, if any is like it at all: of those that are alike,
/// the one that the fewest slips of the finger are away. Case does not count.
pub fn nearest<N: AsRef<str>>(name: &str, known: impl IntoIterator<Item = N>) -> Option<N> {
    let mut nearest = Nearest::to(name);
    for candidate in known {
        nearest.see(candidate);
    }
    nearest.found()
}

/// The same, of names that come one by one: only the nearest so far is kept.
#[derive(Debug)]
pub struct Nearest<N> {
    /// In lower case.
    name: String,
    best: Option<(usize, f64, N)>,
}

impl<N: AsRef<str>> Nearest<N> {
    /// To a name that is not known.
    pub fn to(name: &str) -> Self {
        Self {
            name: name.to_lowercase(),
            best: None,
        }
    }

    /// Compares a known name.
    pub fn see(&mut self, candidate: N) {
        if self.name.len().max(candidate.as_ref().len()) > LONGEST {
            return;
        }
        let folded = candidate.as_ref().to_lowercase();
        let likeness = strsim::jaro_winkler(&self.name, &folded);
        if likeness < ALIKE {
            return;
        }
        let slips = strsim::damerau_levenshtein(&self.name, &folded);
        let is_nearer = self.best.as_ref().is_none_or(|(fewest, most, _)| {
            slips < *fewest || (slips == *fewest && likeness > *most)
        });
        if is_nearer {
            self.best = Some((slips, likeness, candidate));
        }
    }

    /// The nearest of them.
    pub fn found(self) -> Option<N> {
        self.best.map(|(_, _, candidate)| candidate)
    }
}

/// How many slips of the finger make a typo.
const TYPO: usize = 2;

/// The known name of which one that is not known is a typo: the nearest, and no more than two slips away.
pub fn misspelt<N: AsRef<str>>(name: &str, known: impl IntoIterator<Item = N>) -> Option<N> {
    nearest(name, known).filter(|meant| {
        let meant = meant.as_ref().to_lowercase();
        strsim::damerau_levenshtein(&name.to_lowercase(), &meant) <= TYPO
    })
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, misspelt, nearest};

    #[test]
    fn a_typo_is_two_slips_at_most() {
        let known = ["mail", "telephoneNumber"];
        assert_eq!(misspelt("Mial", known), Some("mail"));
        assert_eq!(misspelt("telefoneNumber", known), Some("telephoneNumber"));
        assert_eq!(nearest("mobile", known), Some("mail"));
        assert_eq!(misspelt("mobile", known), None);
    }

    #[test]
    fn the_nearest_is_offered() {
        let known = ["bob", "alice", "alina"];
        assert_eq!(nearest("alcie", known), Some("alice"));
        assert_eq!(nearest("ALICE", known), Some("alice"));
    }

    #[test]
    fn the_fewest_slips_count() {
        let known = ["u009101", "u000001"];
        assert_eq!(nearest("u00001", known), Some("u000001"));
    }

    #[test]
    fn what_nobody_types_is_not_compared() {
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(nearest(&long, [long.as_str()]), None);
        assert_eq!(nearest(&long[1..], [long.as_str()]), None);
        assert_eq!(nearest(&long[1..], [&long[1..]]), Some(&long[1..]));
    }

    #[test]
    fn what_is_not_alike_is_not_offered() {
        assert_eq!(nearest("zoe", ["bob", "alice"]), None);
    }
}
