//! Commands that a person may paste into a shell.

use std::borrow::Cow;

/// A word as a shell reads it unchanged (POSIX.1-2024, Shell Command Language, 2.2.2).
pub fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "_-./:@=,+%".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn the_shell_reads_each_word_as_it_is() {
        for (word, said) in [
            ("-b", "-b"),
            ("DC=corp,DC=com", "DC=corp,DC=com"),
            (r"CORP\svc", r"'CORP\svc'"),
            ("(cn=O'Brien*)", r"'(cn=O'\''Brien*)'"),
            ("", "''"),
            ("$HOME `x` !y", "'$HOME `x` !y'"),
        ] {
            assert_eq!(quoted(word), said);
        }
    }
}
