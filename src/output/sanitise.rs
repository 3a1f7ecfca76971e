//! Text from outside, made safe for a terminal.

/// The text without what could act on a terminal or disguise what is read: control characters
/// (C0, DEL, C1), bidirectional controls (Unicode Standard Annex #9), and line separators. Tabs and
/// line ends become spaces.
pub fn legible(text: &str) -> String {
    text.chars()
        .filter_map(|character| match character {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
            it if it.is_control() || is_bidi_control(it) => None,
            it => Some(it),
        })
        .collect()
}

fn is_bidi_control(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::legible;

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(legible("a\x1b[31mb\x07\u{9b}2Jc\x7f"), "a[31mb2Jc");
        assert_eq!(legible("a\u{202e}txt.exe\u{2069}"), "atxt.exe");
        assert_eq!(legible("a\nb\tc\u{2028}d"), "a b c d");
    }

    #[test]
    fn names_stay_names() {
        for name in [
            "O'Brien, Ann \"A\"",
            "Łukasz",
            "Иван",
            "山田 太郎",
            "👩‍💻",
            " a ",
        ] {
            assert_eq!(legible(name), name);
        }
    }
}
