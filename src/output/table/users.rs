//! The users of a store as a table, written as they are read.
//!
//! A user is a line, and there may be a million, so the lines are laid out in blocks of a few hundred,
//! each with columns at least as wide as those of the block before.

use std::io::{self, Write};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{PADDING, bare, left_out, local_time, phrases, reason, width};
use crate::output::{Output, colored, legible};
use crate::user::{Column, Field, FieldValue, Status, StoredUser};

/// How many users are laid out together: a long list starts at once and is not held in memory.
const BLOCK: usize = 500;

/// The columns a narrow terminal leaves out, in this order.
const DISPENSABLE: [Column; 4] = [
    Column::Field(Field::ContactNumber),
    Column::SyncedAt,
    Column::Source,
    Column::Name,
];

/// The narrowest column a value is cut to.
const NARROWEST: u16 = 8;

/// A list in progress.
pub struct Users<'a, W: Write> {
    out: W,
    output: &'a Output,
    columns: Vec<Column>,
    /// Whether a narrow terminal may leave some out.
    is_usual: bool,
    /// The width a line must fit, if any.
    fit: Option<u16>,
    block: Vec<Vec<Cell>>,
    /// The widths of the columns; `None` before the first block.
    widths: Vec<u16>,
    left_out: Vec<Column>,
}

/// A text and its colour (an SGR code).
struct Cell {
    text: String,
    code: Option<&'static str>,
}

impl<'a, W: Write> Users<'a, W> {
    /// An empty list, with these `columns` if not the default ones.
    pub fn begin(out: W, output: &'a Output, columns: Option<&[Column]>) -> Self {
        Self {
            out,
            output,
            columns: columns.unwrap_or(&Column::OF_TABLE).to_vec(),
            is_usual: columns.is_none(),
            fit: width(&bare(output)),
            block: Vec::new(),
            widths: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Adds a user.
    pub fn write(&mut self, user: &StoredUser) -> io::Result<()> {
        let cells = self.columns.iter().map(|column| cell(user, *column));
        self.block.push(cells.collect());
        if self.block.len() == BLOCK {
            self.write_block()?;
        }
        Ok(())
    }

    /// Writes the rest; returns the columns there was no room for.
    pub fn end(mut self) -> io::Result<Vec<Column>> {
        self.write_block()?;
        Ok(self.left_out)
    }

    fn write_block(&mut self) -> io::Result<()> {
        let mut block = std::mem::take(&mut self.block);
        if block.is_empty() {
            return Ok(());
        }
        if self.widths.is_empty() {
            let header = self.columns.iter().map(|column| Cell {
                text: column.title(),
                code: Some("1"),
            });
            block.insert(0, header.collect());
            self.widths = vec![0; self.columns.len()];
            widen(&mut self.widths, &block);
            self.leave_out(&mut block);
        } else {
            widen(&mut self.widths, &block);
        }
        if let Some(fit) = self.fit {
            narrow(&mut self.widths, fit);
        }
        for line in &block {
            self.write_line(line)?;
        }
        Ok(())
    }

    /// Removes those default columns for which the terminal has no room.
    fn leave_out(&mut self, block: &mut [Vec<Cell>]) {
        if !self.is_usual {
            return;
        }
        let place = |column: &Column| self.columns.iter().position(|it| it == column);
        let dispensable: Vec<usize> = DISPENSABLE.iter().filter_map(place).collect();
        let out = left_out(&self.widths, self.fit, &dispensable);
        self.left_out = out.iter().map(|at| self.columns[*at]).collect();
        keep(&mut self.columns, &out);
        keep(&mut self.widths, &out);
        for line in block {
            keep(line, &out);
        }
    }

    fn write_line(&mut self, cells: &[Cell]) -> io::Result<()> {
        let mut line = String::new();
        let mut gap = 0;
        for (Cell { text, code }, width) in cells.iter().zip(&self.widths) {
            let width = usize::from(*width);
            let text = cut(text, width);
            line.extend(std::iter::repeat_n(' ', gap));
            gap = width.saturating_sub(text.width()) + usize::from(PADDING);
            match code {
                Some(code) => line += &colored(&text, code, self.output.color),
                None => line += &text,
            }
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        self.out.write_all(line.as_bytes())
    }
}

fn keep<T>(columns: &mut Vec<T>, out: &[usize]) {
    let mut at = 0;
    columns.retain(|_| {
        at += 1;
        !out.contains(&(at - 1))
    });
}

fn widen(widths: &mut [u16], block: &[Vec<Cell>]) {
    for line in block {
        for (width, cell) in widths.iter_mut().zip(line) {
            let needed = u16::try_from(cell.text.width()).unwrap_or(u16::MAX);
            *width = needed.max(*width);
        }
    }
}

/// Takes from the widest column until a line fits.
fn narrow(widths: &mut [u16], fit: u16) {
    let gaps = usize::from(PADDING) * widths.len().saturating_sub(1);
    while widths.iter().copied().map(usize::from).sum::<usize>() + gaps > usize::from(fit) {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest = (*widest - 1).min(fit),
            _ => return,
        }
    }
}

/// The text, or its beginning and an ellipsis.
fn cut(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut short = String::new();
    let mut taken = 1;
    for character in text.graphemes(true) {
        taken += character.width();
        if taken > width {
            break;
        }
        short += character;
    }
    short.push('…');
    short.into()
}

fn cell(user: &StoredUser, column: Column) -> Cell {
    let (text, code) = match column {
        Column::Status => status(user),
        _ => (text(user, column), None),
    };
    Cell { text, code }
}

/// What a user has in a column, as a person reads it.
pub fn text(user: &StoredUser, column: Column) -> String {
    let text = match column {
        Column::Status => Some(status(user).0),
        Column::SyncedAt => user.synced_at.map(local_time),
        Column::Reason => user.value(column).map(|value| reason(&value)),
        Column::Field(Field::Enabled) => {
            let enabled = FieldValue::Flag(user.values.enabled);
            Some(phrases::value(&enabled))
        }
        _ => user.value(column).map(|value| legible(&value)),
    };
    text.unwrap_or_else(|| "-".to_owned())
}

/// A user's status, and its colour (an SGR code).
fn status(user: &StoredUser) -> (String, Option<&'static str>) {
    let (status, code) = match user.status {
        Status::Ok if user.values.enabled => return ("ok".to_owned(), None),
        Status::Ok => return ("disabled".to_owned(), Some("2")),
        Status::Duplicate => ("duplicate", "33"),
        Status::OutOfScope => ("out_of_scope", "33"),
        Status::Missing => ("missing", "33"),
        Status::Failed => ("failed", "31"),
        Status::Restored => ("restored", "32"),
    };
    let disabled = if user.values.enabled {
        ""
    } else {
        ", disabled"
    };
    (format!("{status}{disabled}"), Some(code))
}

#[cfg(test)]
mod tests {
    use super::{cut, narrow};

    #[test]
    fn the_widest_column_gives_way() {
        let mut widths = [10, 40, 30];
        narrow(&mut widths, 64);
        assert_eq!(widths, [10, 25, 25]);
        narrow(&mut widths, 20);
        assert_eq!(widths, [8, 8, 8]);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("alice", 5), "alice");
        assert_eq!(cut("alice", 4), "ali…");
        // Wide characters are not split.
        assert_eq!(cut("山田太郎", 6), "山田…");
    }
}
