//! The columns of lists, and what users are picked by, as the command line names them.

use std::sync::LazyLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::user::{Column, Source, Standing};

impl ValueEnum for Column {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Column>> = LazyLock::new(|| {
            let mut all: Vec<Column> = Column::of_data().collect();
            all.insert(1, Column::Name);
            all
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Field(field) => field.description(),
            Self::Name => "First and last name",
            Self::Source => "local or directory",
            Self::Status => "How the user stands to the directory",
            Self::Reason => "Why the status is not ok",
            Self::Guid => "objectGUID",
            Self::Domain => "DN of the domain that it belongs to",
            Self::Dn => "Distinguished name",
            Self::SyncedAt => "When it was last found or brought in step",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl ValueEnum for Standing {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Ok,
            Self::Disabled,
            Self::Duplicate,
            Self::OutOfScope,
            Self::Missing,
            Self::Failed,
            Self::Restored,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::OutOfScope => {
                let name = PossibleValue::new("out_of_scope").alias("out-of-scope");
                return Some(name.help("In the domain, but not in the scope"));
            }
            Self::Ok => ("ok", "In step, or local; and enabled"),
            Self::Disabled => ("disabled", "Disabled in the directory, whatever else"),
            Self::Duplicate => ("duplicate", "Another user holds the new username or email"),
            Self::Missing => (
                "missing",
                "Neither in the domain nor among its deleted objects; kept",
            ),
            Self::Failed => ("failed", "What the directory says of it cannot be used"),
            Self::Restored => ("restored", "Brought back by hand after it was deleted"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for Source {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Local, Self::Directory]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Local => ("local", "Made in the application"),
            Self::Directory => ("directory", "Imported"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}
