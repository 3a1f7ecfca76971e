//! How a directory compares texts (RFC 4518): in another case, in another composition of the same characters, and with
//! other spaces between and around words they are the same.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use unicase::UniCase;

/// Folding and composing may each leave something for the other, but no more often than that.
const ROUNDS: usize = 4;

/// A text as it is compared by `caseIgnoreMatch` and its like: two are equal where these are.
pub fn prepared(text: &str) -> String {
    prepare(text, true)
}

/// The same by `caseExactMatch` and its like.
pub fn prepared_exactly(text: &str) -> String {
    prepare(text, false)
}

fn prepare(text: &str, ignores_case: bool) -> String {
    let mut text = mapped(text);
    if text.is_ascii() {
        if ignores_case {
            text.make_ascii_lowercase();
        }
        return squeezed(&text);
    }
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    for _ in 0..ROUNDS {
        let folded = if ignores_case {
            Cow::Owned(UniCase::unicode(&text).to_folded_case())
        } else {
            Cow::Borrowed(text.as_str())
        };
        let next = mapped(&normalizer.normalize(&folded));
        if next == text {
            break;
        }
        text = next;
    }
    squeezed(&text)
}

/// What is not seen counts for nothing, and every kind of space for a space (RFC 4518, 2.2).
fn mapped(text: &str) -> String {
    text.chars()
        .filter(|it| !is_nothing(*it))
        .map(|it| if is_space(it) { ' ' } else { it })
        .collect()
}

fn is_nothing(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{8}'
            | '\u{e}'..='\u{1f}'
            | '\u{7f}'..='\u{84}'
            | '\u{86}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{1806}'
            | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2063}'
            | '\u{206a}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffc}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

fn is_space(character: char) -> bool {
    // Of Unicode's white space, all that is left of it.
    character.is_whitespace()
}

/// Without spaces around it, and with one between words (RFC 4518, 2.6.1).
fn squeezed(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !squeezed.is_empty() {
            squeezed.push(' ');
        }
        squeezed.push_str(word);
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_directory_takes_for_the_same() {
        for (one, other) in [
            ("Ann  Brown", " ann brown "),
            ("Ann\u{a0}Brown", "ann\tbrown"),
            ("Jose\u{301}", "JOSÉ"),
            ("straße", "STRASSE"),
            ("ﬁn", "FIN"),
            ("Ⅳ", "iv"),
            ("A\u{ad}n\u{200b}n", "ann"),
            ("Ａnn", "ann"),
            ("", " \u{feff} "),
        ] {
            assert_eq!(prepared(one), prepared(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_is_different() {
        for (one, other) in [("jose", "josé"), ("annbrown", "ann brown"), ("a", "")] {
            assert_ne!(prepared(one), prepared(other));
        }
    }

    #[test]
    fn case_may_count() {
        assert_eq!(prepared_exactly(" Ann  Brown"), "Ann Brown");
        assert_eq!(prepared_exactly("Jose\u{301}"), "José");
        assert_ne!(prepared_exactly("É"), prepared_exactly("é"));
    }

    proptest! {
        #[test]
        fn what_is_prepared_stays_as_it_is(text in "\\PC{0,12}", controls in ".{0,6}") {
            for text in [&text, &controls] {
                let once = prepared(text);
                prop_assert_eq!(prepared(&once), once);
                let once = prepared_exactly(text);
                prop_assert_eq!(prepared_exactly(&once), once);
            }
        }

        #[test]
        fn case_and_spaces_do_not_count(text in "[a-z ÀÉß]{0,12}") {
            let spaced = format!(" {} ", text.replace(' ', "  "));
            prop_assert_eq!(prepared(&spaced), prepared(&text));
            prop_assert_eq!(prepared(&text.to_uppercase()), prepared(&text));
        }
    }
}
