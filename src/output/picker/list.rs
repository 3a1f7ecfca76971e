//! What is shown of a list, where the cursor is, and who is picked. Independent of any terminal.

use super::Item;
use crate::user::Folded;

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    /// Picks or unpicks the user at the cursor.
    Toggle,
    /// Picks all that are shown.
    All,
    /// Unpicks all that are shown.
    None,
    /// Text for the filter.
    Type(String),
    Erase,
    EraseAll,
    Done,
    /// Clears the filter; without one, leaves.
    Leave,
    /// Leaves at once.
    Interrupt,
}

/// The effect of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Done,
    Leave,
}

/// The list and its state.
#[derive(Debug)]
pub struct List<'a> {
    items: &'a [Item],
    /// The text the filter is matched against.
    haystacks: Vec<String>,
    filter: String,
    /// The indices of the items that match the filter.
    shown: Vec<usize>,
    picked: Vec<bool>,
    count: usize,
    /// The cursor, and the first line of the page, as indices of what is shown.
    cursor: usize,
    top: usize,
    page: usize,
    notice: Option<String>,
}

impl<'a> List<'a> {
    /// With everybody shown and nobody picked.
    pub fn new(items: &'a [Item]) -> Self {
        let text = |item: &Item| {
            let columns = [&item.username, &item.name, &item.email, &item.note];
            columns.map(|column| needle(column)).join("\n")
        };
        Self {
            haystacks: items.iter().map(text).collect(),
            filter: String::new(),
            shown: (0..items.len()).collect(),
            picked: vec![false; items.len()],
            count: 0,
            cursor: 0,
            top: 0,
            page: 1,
            notice: None,
            items,
        }
    }

    /// Sets how many lines there are for users.
    pub fn set_page(&mut self, page: usize) {
        self.page = page.max(1);
        self.follow_cursor();
    }

    /// The users of the page: whether the cursor is there, whether it is picked, and the user.
    pub fn page(&self) -> impl Iterator<Item = (bool, bool, &Item)> {
        let cursor = self.cursor;
        let page = self.shown.iter().enumerate().skip(self.top).take(self.page);
        page.map(move |(at, &item)| (at == cursor, self.picked[item], &self.items[item]))
    }

    /// The text that filters.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// How many are picked, are shown, and exist.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.count, self.shown.len(), self.items.len())
    }

    /// Why the last key had no effect.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The indices of those picked.
    pub fn picked(&self) -> Vec<usize> {
        let all = self.picked.iter().enumerate();
        all.filter(|(_, picked)| **picked)
            .map(|(at, _)| at)
            .collect()
    }

    /// Applies a key.
    pub fn press(&mut self, key: Key) -> Step {
        self.notice = None;
        let last = self.shown.len().saturating_sub(1);
        match key {
            Key::Up => self.cursor = self.cursor.saturating_sub(1),
            Key::Down => self.cursor = (self.cursor + 1).min(last),
            Key::PageUp => self.cursor = self.cursor.saturating_sub(self.page),
            Key::PageDown => self.cursor = (self.cursor + self.page).min(last),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = last,
            Key::Toggle => self.toggle(),
            Key::All => self.pick_shown(),
            Key::None => self.unpick_shown(),
            Key::Type(text) => {
                let text = crate::output::legible(&text);
                self.filter
                    .extend(text.chars().filter(|it| !it.is_whitespace()));
                self.apply_filter();
            }
            Key::Erase => {
                self.filter.pop();
                self.apply_filter();
            }
            Key::Leave if self.filter.is_empty() => return Step::Leave,
            Key::EraseAll | Key::Leave => {
                self.filter.clear();
                self.apply_filter();
            }
            Key::Interrupt => return Step::Leave,
            Key::Done if self.count > 0 => return Step::Done,
            Key::Done => {
                self.notice = Some("nobody is picked yet: Space picks, Ctrl-C leaves".to_owned());
            }
        }
        self.follow_cursor();
        Step::Stay
    }

    fn toggle(&mut self) {
        let Some(&at) = self.shown.get(self.cursor) else {
            return;
        };
        match &self.items[at].refusal {
            Some(why) => {
                let username = &self.items[at].username;
                self.notice = Some(format!("{username} cannot be picked: {why}"));
            }
            None => self.set(at, !self.picked[at]),
        }
    }

    fn pick_shown(&mut self) {
        let mut refused = 0;
        for at in self.shown.clone() {
            if self.items[at].refusal.is_some() {
                refused += 1;
            } else {
                self.set(at, true);
            }
        }
        if refused > 0 {
            self.notice = Some(format!("left out: {refused} who cannot be picked"));
        }
    }

    fn unpick_shown(&mut self) {
        for at in self.shown.clone() {
            self.set(at, false);
        }
    }

    fn set(&mut self, at: usize, picked: bool) {
        match (self.picked[at], picked) {
            (false, true) => self.count += 1,
            (true, false) => self.count -= 1,
            _ => {}
        }
        self.picked[at] = picked;
    }

    fn apply_filter(&mut self) {
        let needle = needle(&self.filter);
        let all = self.haystacks.iter().enumerate();
        self.shown = all
            .filter(|(_, haystack)| haystack.contains(&needle))
            .map(|(at, _)| at)
            .collect();
        self.cursor = 0;
    }

    fn follow_cursor(&mut self) {
        let first = (self.cursor + 1).saturating_sub(self.page);
        // A page is filled if there are enough users.
        let last = self.shown.len().saturating_sub(self.page);
        self.top = self.top.min(last).clamp(first, self.cursor);
    }
}

/// Text as it is compared: without case, and without spaces, since Space picks and cannot be typed.
fn needle(text: &str) -> String {
    let folded = Folded::new(text);
    let characters = folded.as_str().chars();
    characters.filter(|it| !it.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(username: &str, name: &str, refusal: Option<&str>) -> Item {
        Item {
            username: username.to_owned(),
            name: name.to_owned(),
            email: format!("{username}@example.com"),
            note: String::new(),
            refusal: refusal.map(str::to_owned),
        }
    }

    fn people() -> Vec<Item> {
        vec![
            item("alice", "Ann Lee", None),
            item("bob", "Bob Straße", None),
            item("carol", "Carol Lee", Some("username already exists")),
            item("dave", "Dave Lee", None),
        ]
    }

    fn shown(list: &mut List<'_>) -> Vec<String> {
        list.set_page(10);
        list.page().map(|it| it.2.username.clone()).collect()
    }

    fn type_text(list: &mut List<'_>, text: &str) {
        for character in text.chars() {
            list.press(Key::Type(character.to_string()));
        }
    }

    #[test]
    fn typing_filters_by_every_column_and_any_case() {
        let people = people();
        for (typed, found) in [
            ("LEE", &["alice", "carol", "dave"][..]),
            ("annlee", &["alice"]),
            ("STRASSE", &["bob"]),
            ("bob@", &["bob"]),
            ("nobody", &[]),
        ] {
            let mut list = List::new(&people);
            type_text(&mut list, typed);
            assert_eq!(shown(&mut list), found, "{typed}");
        }
        let mut list = List::new(&people);
        list.press(Key::Type("Ann Lee\n".to_owned()));
        assert_eq!(shown(&mut list), ["alice"], "pasted");
        list.press(Key::Erase);
        list.press(Key::EraseAll);
        assert_eq!(shown(&mut list).len(), 4);
    }

    #[test]
    fn who_is_picked_stays_picked_when_others_are_shown() {
        let people = people();
        let mut list = List::new(&people);
        type_text(&mut list, "bob");
        list.press(Key::Toggle);
        list.press(Key::EraseAll);
        type_text(&mut list, "lee");
        list.press(Key::All);
        assert_eq!(list.counts(), (3, 3, 4));
        assert_eq!(list.notice(), Some("left out: 1 who cannot be picked"));
        list.press(Key::None);
        assert_eq!(list.picked(), [1]);
        list.press(Key::Leave);
        assert_eq!(list.press(Key::Done), Step::Done);
    }

    #[test]
    fn who_cannot_be_picked_is_not_and_it_is_said_why() {
        let people = people();
        let mut list = List::new(&people);
        type_text(&mut list, "carol");
        list.press(Key::Toggle);
        assert_eq!(
            list.notice(),
            Some("carol cannot be picked: username already exists")
        );
        assert_eq!(list.press(Key::Done), Step::Stay);
        assert!(list.notice().is_some_and(|it| it.contains("nobody")));
        assert_eq!(list.press(Key::Leave), Step::Stay, "empties the filter");
        assert_eq!(list.press(Key::Leave), Step::Leave);
        type_text(&mut list, "x");
        assert_eq!(list.press(Key::Interrupt), Step::Leave);
    }

    #[test]
    fn the_cursor_stays_on_the_page() {
        let people = people();
        let mut list = List::new(&people);
        list.set_page(2);
        let cursor = |list: &List<'_>| {
            let page: Vec<_> = list.page().collect();
            assert_eq!(page.len(), 2);
            let at = page.iter().find(|it| it.0).expect("it is on the page");
            at.2.username.clone()
        };
        for (key, username) in [
            (Key::Up, "alice"),
            (Key::Down, "bob"),
            (Key::PageDown, "dave"),
            (Key::Down, "dave"),
            (Key::PageUp, "bob"),
            (Key::End, "dave"),
            (Key::Home, "alice"),
        ] {
            list.press(key.clone());
            assert_eq!(cursor(&list), username, "{key:?}");
        }
        type_text(&mut list, "nobody");
        list.press(Key::Down);
        list.press(Key::Toggle);
        assert_eq!(list.counts(), (0, 0, 4));
    }
}
