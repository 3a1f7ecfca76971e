//! How usernames and email addresses are compared: the only place that folds case.

use unicase::UniCase;

/// A name after full Unicode case folding (Unicode Standard, section 3.13, `toCasefold`): two names
/// collide when their folded forms are equal. Accents and spaces count; nothing is normalised.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Folded(String);

impl Folded {
    /// Folds a name.
    pub fn new(name: &str) -> Self {
        // Of these, folding makes lower case (Unicode Standard, CaseFolding.txt).
        if name.is_ascii() {
            return Self(name.to_ascii_lowercase());
        }
        Self(UniCase::unicode(name).to_folded_case())
    }

    /// The folded form, for the store's unique columns and for sorting. Not for showing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Folded;

    #[test]
    fn case_does_not_count() {
        for (one, other) in [
            ("alice", "ALICE"),
            ("ÉLODIE", "élodie"),
            ("straße", "STRASSE"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("ИВАН", "иван"),
        ] {
            assert_eq!(Folded::new(one), Folded::new(other));
        }
    }

    #[test]
    fn ascii_is_folded_as_everything_else() {
        for character in '\0'..='\x7f' {
            let text = character.to_string();
            let folded = unicase::UniCase::unicode(&text).to_folded_case();
            assert_eq!(Folded::new(&text).as_str(), folded);
        }
    }

    #[test]
    fn all_else_does() {
        for (one, other) in [
            ("elodie", "élodie"),
            ("alice", "alice "),
            ("\u{e9}", "e\u{301}"),
            ("a", "а"), // Latin and Cyrillic
        ] {
            assert_ne!(Folded::new(one), Folded::new(other));
        }
    }
}
