//! Text from outside, made safe for a terminal.

use unicode_width::UnicodeWidthChar;

/// How many zero-width marks a character may carry: more than any language needs, and too few to
/// bury the lines around it.
const MOST_MARKS: u32 = 8;

/// The text without what could act on a terminal or disguise what is read: control characters
/// (C0, DEL, C1), bidirectional controls (Unicode Standard Annex #9), line separators, characters that
/// are invisible, and heaps of marks on one character. Tabs and line ends become spaces.
pub fn legible(text: &str) -> String {
    let mut heap = Heap::default();
    text.chars()
        .filter_map(|character| match character {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
            it => acts_on_nothing(it).then_some(it),
        })
        .filter(|character| !heap.grows_too_high(*character))
        .collect()
}

/// The number of marks on the character before.
#[derive(Default)]
pub struct Heap(u32);

impl Heap {
    /// Whether the next character is one mark too many.
    pub fn grows_too_high(&mut self, character: char) -> bool {
        self.0 = match character.width() {
            Some(0) => self.0 + 1,
            _ => 0,
        };
        self.0 > MOST_MARKS
    }
}

/// Whether a character can appear in a log as it is.
pub fn acts_on_nothing(character: char) -> bool {
    !(character.is_control()
        || is_bidi_control(character)
        || is_unseen(character)
        || matches!(character, '\u{2028}' | '\u{2029}'))
}

fn is_bidi_control(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// What is drawn as nothing (Unicode's `Default_Ignorable_Code_Point` and annotations), except joiners and
/// variation selectors, which change how their neighbours are drawn.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}'
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
    fn nothing_hides_and_nothing_piles_up() {
        assert_eq!(legible("ali\u{200b}ce\u{feff}\u{e0041}"), "alice");
        let heap = format!("a{}b", "\u{301}".repeat(1000));
        assert_eq!(legible(&heap), format!("a{}b", "\u{301}".repeat(8)));
        assert_eq!(legible(&"\u{200d}".repeat(1000)).chars().count(), 8);
    }

    #[test]
    fn names_stay_names() {
        for name in [
            "O'Brien, Ann \"A\"",
            "Łukasz",
            "Иван",
            "山田 太郎",
            "葛\u{e0100}城",
            "Nguye\u{302}\u{303}n",
            "नरेन्द्र",
            "می\u{200c}خواهم",
            "👩‍💻",
            "👨‍👩‍👧‍👦",
            " a ",
        ] {
            assert_eq!(legible(name), name);
        }
    }
}
