//! A value as the template may print it.

use std::fmt;

use crate::output::difference::{self, difference};
use crate::output::legible;
use crate::output::table::phrases::said;
use crate::user::Change;

/// A value without anything that acts or disguises. Not marked as HTML, so the template escapes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Of any text.
    pub fn new(text: &str) -> Self {
        Self(legible(text))
    }

    /// The parts between which a line may break: those of a distinguished name, both sides of an address.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split_inclusive(',').flat_map(|part| {
            let (name, domain) = part.split_at(part.find('@').unwrap_or(0));
            [name, domain].into_iter().filter(|it| !it.is_empty())
        })
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A cell of a list.
#[derive(Debug)]
pub enum Cell {
    /// A value, or words.
    Text(Text),
    /// A word of adsync's own.
    Word(&'static str),
    /// No value.
    None,
    /// A value before a change.
    Before(Parts),
    /// A value after a change.
    After(Parts),
}

/// A value with its changed part marked.
#[derive(Debug)]
pub struct Parts {
    pub head: Text,
    pub changed: Text,
    pub tail: Text,
}

impl Cell {
    /// Of any text.
    pub fn text(text: &str) -> Self {
        Self::Text(Text::new(text))
    }

    /// A value, if there is one.
    pub fn value(value: Option<&str>) -> Self {
        value.map_or(Self::None, Self::text)
    }

    /// Both values of a change.
    pub fn change(change: &Change) -> (Self, Self) {
        let (from, to) = (said(&change.from), said(&change.to));
        let (old, new) = difference(from.unwrap_or_default(), to.unwrap_or_default());
        let parts = |it: difference::Parts<'_>| Parts {
            head: Text::new(it.head),
            changed: Text::new(it.changed),
            tail: Text::new(it.tail),
        };
        (
            from.map_or(Self::None, |_| Self::Before(parts(old))),
            to.map_or(Self::None, |_| Self::After(parts(new))),
        )
    }
}
