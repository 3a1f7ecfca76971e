//! A list from which a person at the terminal picks users: typing filters it, Space picks.
//!
//! It is drawn on standard error, on the terminal's alternate screen, so that the previous contents are
//! restored afterwards and standard output is left to the result. `list` knows what is shown and
//! picked, `view` how it looks; this module handles the terminal itself.

mod list;
mod view;

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind,
    KeyModifiers,
};
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{cursor, execute, queue};

use super::legible;
use list::{Key, List, Step};
use view::{Layout, Line, Style};

/// A user that may be picked.
#[derive(Clone, Debug)]
pub struct Item {
    /// The username.
    pub username: String,
    /// First and last name.
    pub name: String,
    /// The email address, if there is one.
    pub email: String,
    /// Anything else that helps to choose, in a few words.
    pub note: String,
    /// Why it cannot be picked, if it cannot.
    pub refusal: Option<String>,
}

impl Item {
    /// The same, made safe for a terminal.
    fn legible(&self) -> Self {
        Self {
            username: legible(&self.username),
            name: legible(&self.name),
            email: legible(&self.email),
            note: legible(&self.note),
            refusal: self.refusal.as_deref().map(legible),
        }
    }
}

/// The purpose of the list.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// Its title.
    pub title: String,
    /// What happens to those picked, in one word: `remove`.
    pub verb: &'static str,
    /// The heading of the notes.
    pub note_title: &'static str,
}

/// Lets a person pick. Returns the indices of those picked, at least one, or `None` if the person left.
pub fn pick(purpose: &Purpose, items: &[Item], color: bool) -> io::Result<Option<Vec<usize>>> {
    let items: Vec<Item> = items.iter().map(Item::legible).collect();
    let layout = Layout::new(purpose, &items);
    let mut list = List::new(&items);
    let _screen = Screen::take()?;
    loop {
        let (width, height) = size();
        list.set_page(view::page(height));
        draw(&layout.lines(&list, width, height), color)?;
        // Keys typed while it was drawn are handled together, so that a slow line does not lag behind.
        let mut event = event::read()?;
        loop {
            match key(event).map_or(Step::Stay, |key| list.press(key)) {
                Step::Stay => {}
                Step::Leave => return Ok(None),
                Step::Done => return Ok(Some(list.picked())),
            }
            if !event::poll(Duration::ZERO)? {
                break;
            }
            event = event::read()?;
        }
    }
}

/// A terminal may not know its size.
fn size() -> (u16, u16) {
    match terminal::size() {
        Ok((width, height)) if width > 0 && height > 0 => (width, height),
        _ => (80, 24),
    }
}

fn key(event: Event) -> Option<Key> {
    let KeyEvent {
        code,
        modifiers,
        kind,
        ..
    } = match event {
        Event::Paste(text) => return Some(Key::Type(text)),
        Event::Key(key) => key,
        _ => return None,
    };
    if kind == KeyEventKind::Release {
        return None;
    }
    if modifiers.contains(KeyModifiers::CONTROL) {
        return match code {
            KeyCode::Char('c' | 'd') => Some(Key::Interrupt),
            KeyCode::Char('u' | 'w') => Some(Key::EraseAll),
            KeyCode::Char('p') => Some(Key::Up),
            KeyCode::Char('n') => Some(Key::Down),
            KeyCode::Char('h') => Some(Key::Erase),
            _ => None,
        };
    }
    Some(match code {
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Right => Key::All,
        KeyCode::Left => Key::None,
        KeyCode::Char(' ') => Key::Toggle,
        KeyCode::Char(character) => Key::Type(character.to_string()),
        KeyCode::Backspace => Key::Erase,
        KeyCode::Enter => Key::Done,
        KeyCode::Esc => Key::Leave,
        _ => return None,
    })
}

/// Whether the terminal is ours. Held while drawing or restoring it.
static TAKEN: Mutex<bool> = Mutex::new(false);

/// The terminal while it is ours; restored on drop, even in a panic.
struct Screen;

impl Screen {
    fn take() -> io::Result<Self> {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = true;
        // From here on it is restored, whatever fails.
        let screen = Self;
        let prepared = terminal::enable_raw_mode().and_then(|()| {
            execute!(
                io::stderr(),
                EnterAlternateScreen,
                EnableBracketedPaste,
                cursor::Hide
            )
        });
        drop(taken);
        prepared.map(|()| screen)
    }
}

fn draw(lines: &[Line], color: bool) -> io::Result<()> {
    let mut out = Vec::new();
    queue!(out, BeginSynchronizedUpdate)?;
    for (row, line) in (0..).zip(lines) {
        queue!(out, cursor::MoveTo(0, row))?;
        if color {
            queue!(out, attribute(line.style))?;
        }
        for (column, text) in &line.cells {
            // Terminals disagree on the width of some characters, so each column is positioned explicitly.
            queue!(out, cursor::MoveToColumn(*column), Print(text))?;
        }
        queue!(
            out,
            SetAttribute(Attribute::Reset),
            Clear(ClearType::UntilNewLine)
        )?;
    }
    queue!(out, Clear(ClearType::FromCursorDown), EndSynchronizedUpdate)?;
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !*taken {
        return Ok(());
    }
    let mut terminal = io::stderr().lock();
    terminal.write_all(&out).and_then(|()| terminal.flush())
}

fn attribute(style: Style) -> SetAttribute {
    SetAttribute(match style {
        Style::Plain => Attribute::Reset,
        Style::Bold => Attribute::Bold,
        Style::Dim => Attribute::Dim,
        Style::Cursor => Attribute::Reverse,
    })
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Restores the terminal if a list is shown, even when the process is about to end.
pub fn give_back() {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::take(&mut *taken) {
        // If the terminal is gone nobody can be told.
        let _ = execute!(
            io::stderr(),
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = terminal::disable_raw_mode();
    }
}
