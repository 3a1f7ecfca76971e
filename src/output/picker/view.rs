//! How a list looks on a terminal of any size, as lines of cells. Independent of any terminal.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use super::list::List;
use super::{Item, Purpose};

/// Title, filter and header above the users; what the keys do below them.
const AROUND: u16 = 4;
/// `> [x] `
const MARKS: u16 = 6;
/// The space between columns.
const GAP: u16 = 2;
/// No column of a user is cut narrower than this in favour of another.
const NARROWEST: u16 = 8;

/// One line of the screen.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub style: Style,
    /// Texts, with the terminal columns at which they begin.
    pub cells: Vec<(u16, String)>,
}

/// How a line is highlighted, if colours are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Bold,
    Dim,
    Cursor,
}

/// How many users fit a terminal of that height.
pub fn page(height: u16) -> usize {
    usize::from(height.saturating_sub(AROUND)).max(1)
}

/// What stays the same in every frame.
#[derive(Debug)]
pub struct Layout<'a> {
    purpose: &'a Purpose,
    header: [&'a str; 4],
    /// The natural widths of the columns: username, name, email, note.
    natural: [u16; 4],
}

impl<'a> Layout<'a> {
    /// For these users.
    pub fn new(purpose: &'a Purpose, items: &[Item]) -> Self {
        let header = ["USERNAME", "NAME", "EMAIL", purpose.note_title];
        let mut natural = header.map(width);
        for item in items {
            for (widest, text) in natural.iter_mut().zip(columns(item)) {
                *widest = (*widest).max(width(text));
            }
        }
        Self {
            purpose,
            header,
            natural,
        }
    }

    /// The screen, line by line.
    pub fn lines(&self, list: &List<'_>, width: u16, height: u16) -> Vec<Line> {
        let widths = fit(self.natural, width.saturating_sub(MARKS + 3 * GAP));
        let mut lines = vec![
            whole(Style::Bold, &self.purpose.title, width),
            filter(list, width),
            row(Style::Bold, "", self.header, widths, width),
        ];
        for (is_cursor, is_picked, item) in list.page() {
            let style = match (is_cursor, &item.refusal) {
                (true, _) => Style::Cursor,
                (false, Some(_)) => Style::Dim,
                (false, None) => Style::Plain,
            };
            let cursor = if is_cursor { ">" } else { " " };
            let mark = match (&item.refusal, is_picked) {
                (Some(_), _) => " - ",
                (None, true) => "[x]",
                (None, false) => "[ ]",
            };
            let marks = format!("{cursor} {mark}");
            lines.push(row(style, &marks, columns(item), widths, width));
        }
        if list.counts().1 == 0 {
            lines.push(whole(Style::Dim, "      nobody matches the filter", width));
        }
        let above = usize::from(height.saturating_sub(1));
        lines.truncate(above);
        lines.resize_with(above, || whole(Style::Plain, "", width));
        lines.push(match list.notice() {
            Some(notice) => whole(Style::Bold, notice, width),
            None => whole(Style::Dim, &self.help(list), width),
        });
        lines
    }

    fn help(&self, list: &List<'_>) -> String {
        let (picked, _, _) = list.counts();
        let verb = self.purpose.verb;
        let leave = if list.filter().is_empty() {
            "leave"
        } else {
            "all again"
        };
        format!("Space: pick  →: all shown  ←: none  Enter: {verb} {picked}  Esc: {leave}")
    }
}

fn columns(item: &Item) -> [&str; 4] {
    [&item.username, &item.name, &item.email, &item.note]
}

fn filter(list: &List<'_>, width: u16) -> Line {
    let (picked, shown, all) = list.counts();
    let mut counts = format!("{picked} of {all} picked");
    if !list.filter().is_empty() {
        counts = format!("{shown} shown, {counts}");
    }
    let typed = match list.filter() {
        "" => "Filter: (type)".to_owned(),
        filter => format!("Filter: {filter}"),
    };
    let at = width.saturating_sub(self::width(&counts));
    let room = at.saturating_sub(GAP);
    Line {
        style: Style::Plain,
        cells: vec![(0, fill(&cut(&typed, room), at)), (at, cut(&counts, width))],
    }
}

fn whole(style: Style, text: &str, width: u16) -> Line {
    Line {
        style,
        cells: vec![(0, cut(text, width))],
    }
}

fn row(style: Style, marks: &str, texts: [&str; 4], widths: [u16; 4], width: u16) -> Line {
    let mut cells = vec![(0, cut(marks, MARKS))];
    let mut at = MARKS;
    for (text, wide) in texts.into_iter().zip(widths) {
        // What does not fit must not wrap to the next line.
        let wide = wide.min(width.saturating_sub(at));
        if wide > 0 {
            // The gap belongs to the cell, so that nothing of an older frame stays in it.
            let with_gap = (wide + GAP).min(width - at);
            cells.push((at, fill(&cut(text, wide), with_gap)));
        }
        at = at.saturating_add(wide + GAP);
    }
    Line { style, cells }
}

/// Widths that fit this room: the widest column shrinks first, the notes last.
fn fit(natural: [u16; 4], room: u16) -> [u16; 4] {
    let mut widths = natural;
    loop {
        let sum: u32 = widths.iter().copied().map(u32::from).sum();
        if sum <= u32::from(room) {
            return widths;
        }
        let of_user = widths[..3].iter().copied().max().unwrap_or_default();
        let gives = if of_user > NARROWEST {
            widths.iter().position(|it| *it == of_user).unwrap_or(0)
        } else if widths[3] > 0 {
            3
        } else {
            return widths;
        };
        widths[gives] -= 1;
    }
}

fn width(text: &str) -> u16 {
    u16::try_from(measure_text_width(text)).unwrap_or(u16::MAX)
}

/// The text within that width; a cut is shown by `…`.
fn cut(text: &str, width: u16) -> String {
    truncate_str(text, usize::from(width), "…").into_owned()
}

/// The text, padded to that width.
fn fill(text: &str, width: u16) -> String {
    pad_str(text, usize::from(width), Alignment::Left, None).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<Item> {
        let item = |username: &str, name: &str, note: &str, refusal: Option<&str>| Item {
            username: username.to_owned(),
            name: name.to_owned(),
            email: format!("{username}@corp.example.com"),
            note: note.to_owned(),
            refusal: refusal.map(str::to_owned),
        };
        vec![
            item("alice", "Alice Adams", "", None),
            item("山田太郎", "山田 太郎", "", None),
            item("emile", "E\u{301}mile 👩‍💻", "", None),
            item(
                "carol",
                "Carol Chen",
                "username already exists",
                Some("username carol is held by carol (local)"),
            ),
        ]
    }

    fn screen(width: u16, height: u16) -> Vec<Line> {
        let items = items();
        let purpose = Purpose {
            title: "Import users of OU=Staff,DC=corp,DC=example,DC=com".to_owned(),
            verb: "import",
            note_title: "",
        };
        let mut list = List::new(&items);
        list.set_page(page(height));
        Layout::new(&purpose, &items).lines(&list, width, height)
    }

    #[test]
    fn every_line_keeps_to_the_terminal() {
        for size in [(80, 24), (200, 50), (40, 10), (20, 5), (7, 3), (1, 1)] {
            let lines = screen(size.0, size.1);
            assert_eq!(lines.len(), usize::from(size.1), "{size:?}");
            for line in &lines {
                for (at, text) in &line.cells {
                    assert!(at + width(text) <= size.0.max(MARKS), "{size:?}: {line:?}");
                }
            }
        }
    }

    #[test]
    fn columns_begin_where_they_begin() {
        let lines = screen(100, 24);
        let begins = |line: &Line| -> Vec<u16> { line.cells.iter().map(|cell| cell.0).collect() };
        for line in &lines[3..7] {
            assert_eq!(begins(line), begins(&lines[2]), "{line:?}");
        }
        let texts: Vec<&str> = lines[6].cells.iter().map(|it| it.1.trim_end()).collect();
        assert_eq!(
            texts,
            [
                "   -",
                "carol",
                "Carol Chen",
                "carol@corp.example.com",
                "username already exists"
            ]
        );
    }

    #[test]
    fn what_is_cut_is_not_the_reason() {
        assert_eq!(fit([10, 20, 30, 23], 90), [10, 20, 30, 23]);
        assert_eq!(fit([10, 20, 30, 23], 68), [10, 17, 18, 23]);
        assert_eq!(fit([10, 20, 30, 23], 30), [8, 8, 8, 6]);
        assert_eq!(fit([10, 20, 30, 23], 3), [8, 8, 8, 0]);
    }
}
