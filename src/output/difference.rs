//! Where two values differ: the common beginning and end, and the changed part between.

use unicode_segmentation::UnicodeSegmentation;

/// A value, split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts<'a> {
    /// What both values begin with.
    pub head: &'a str,
    /// What only this one has.
    pub changed: &'a str,
    /// What both values end with.
    pub tail: &'a str,
}

/// Both values split, before and after. Values with little in common have changed as a whole:
/// two letters that happen to match would only distract.
pub fn difference<'a>(before: &'a str, after: &'a str) -> (Parts<'a>, Parts<'a>) {
    let (old, new) = (characters(before), characters(after));
    let alike = |(one, other): &(&&str, &&str)| one == other;
    let head = old.iter().zip(&new).take_while(alike).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let ends = old_rest.iter().rev().zip(new_rest.iter().rev());
    let tail = ends.take_while(alike).count();
    let shorter = old.len().min(new.len());
    let (head, tail) = if (head + tail) * 2 < shorter {
        (0, 0)
    } else {
        (head, tail)
    };
    (
        parts(before, &old, head, tail),
        parts(after, &new, head, tail),
    )
}

/// Characters as a reader counts them: an accent stays with its letter.
fn characters(text: &str) -> Vec<&str> {
    text.graphemes(true).collect()
}

fn parts<'a>(text: &'a str, characters: &[&str], head: usize, tail: usize) -> Parts<'a> {
    let bytes = |characters: &[&str]| characters.iter().map(|it| it.len()).sum::<usize>();
    let begin = bytes(&characters[..head]);
    let end = text.len() - bytes(&characters[characters.len() - tail..]);
    Parts {
        head: &text[..begin],
        changed: &text[begin..end],
        tail: &text[end..],
    }
}

#[cfg(test)]
mod tests {
    use super::{Parts, difference};

    fn marked(parts: Parts<'_>) -> String {
        format!("{}[{}]{}", parts.head, parts.changed, parts.tail)
    }

    #[track_caller]
    fn differ(before: &str, after: &str, expected: (&str, &str)) {
        let (old, new) = difference(before, after);
        assert_eq!((marked(old).as_str(), marked(new).as_str()), expected);
    }

    #[test]
    fn only_what_changed_is_marked() {
        differ(
            "alice@corp.example.com",
            "alice.archer@corp.example.com",
            (
                "alice[]@corp.example.com",
                "alice[.archer]@corp.example.com",
            ),
        );
        differ("alice", "Alice", ("[a]lice", "[A]lice"));
        differ(
            "+1 555 0101",
            "+1 555 0199",
            ("+1 555 01[01]", "+1 555 01[99]"),
        );
        differ("aa", "aaa", ("aa[]", "aa[a]"));
        differ("alice ", "alice", ("alice[ ]", "alice[]"));
    }

    #[test]
    fn values_that_have_little_in_common_changed_as_a_whole() {
        differ("Adams", "Archer", ("[Adams]", "[Archer]"));
        differ("", "x", ("[]", "[x]"));
    }

    #[test]
    fn an_accent_stays_with_its_letter() {
        differ("Rene\u{301}e", "Renee", ("Ren[e\u{301}]e", "Ren[e]e"));
    }
}
