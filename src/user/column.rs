//! What a list of users shows of each, which users it has, and what it can be sorted by.

use std::borrow::Cow;

use super::{Field, StoredUser, Values};

/// A column of a list, by the name that it has on the command line, in JSON and in CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// A field.
    Field(Field),
    /// First and last name.
    Name,
    /// `local` or `directory`.
    Source,
    /// How the user stands to the directory.
    Status,
    /// Why the status is not ok.
    Reason,
    /// `objectGUID`.
    Guid,
    /// DN of the domain that it belongs to.
    Domain,
    /// Distinguished name.
    Dn,
    /// When it was last found or brought in step.
    SyncedAt,
}

impl Column {
    /// Those of a table that was asked for no others.
    pub const OF_TABLE: [Self; 7] = [
        Self::Field(Field::Username),
        Self::Name,
        Self::Field(Field::Email),
        Self::Field(Field::ContactNumber),
        Self::Source,
        Self::Status,
        Self::SyncedAt,
    ];

    /// Those of CSV that was asked for no others, and the keys of JSON.
    pub fn of_data() -> impl Iterator<Item = Self> {
        Field::TEXT.into_iter().map(Self::Field).chain([
            Self::Source,
            Self::Status,
            Self::Reason,
            Self::Field(Field::Enabled),
            Self::Guid,
            Self::Domain,
            Self::Dn,
            Self::SyncedAt,
        ])
    }

    /// The name on the command line, in JSON and in CSV.
    pub fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name(),
            Self::Name => "name",
            Self::Source => "source",
            Self::Status => "status",
            Self::Reason => "reason",
            Self::Guid => "guid",
            Self::Domain => "domain",
            Self::Dn => "dn",
            Self::SyncedAt => "synced_at",
        }
    }

    /// The heading of a table.
    pub fn title(self) -> String {
        self.name().replace('_', " ").to_uppercase()
    }
}

impl StoredUser {
    /// What it has in a column, as JSON and CSV write it.
    pub fn value(&self, column: Column) -> Option<Cow<'_, str>> {
        let Values { profile, enabled } = &self.values;
        match column {
            Column::Field(Field::Enabled) => Some(if *enabled { "true" } else { "false" }.into()),
            Column::Field(field) => profile.get(field).map(Cow::from),
            Column::Name => Some(profile.full_name())
                .filter(|name| !name.is_empty())
                .map(Cow::from),
            Column::Source => Some(self.origin.name().into()),
            Column::Status => Some(self.status.name().into()),
            Column::Guid => self.origin.guid().map(|guid| guid.to_string().into()),
            Column::Reason => self.tracking.reason.as_deref().map(Cow::from),
            Column::Domain => self.tracking.domain_dn.as_deref().map(Cow::from),
            Column::Dn => self.origin.dn().map(Cow::from),
            Column::SyncedAt => self.synced_at.map(|time| time.to_string().into()),
        }
    }
}

/// How a user stands, as a table says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// In step, or local; and enabled.
    Ok,
    /// Disabled in the directory, whatever else.
    Disabled,
    /// Another user holds the new username or email.
    Duplicate,
    /// In the domain, but not in the scope.
    OutOfScope,
    /// Neither in the domain nor among its deleted objects; kept.
    Missing,
    /// What the directory says of it cannot be used.
    Failed,
    /// Brought back by hand after it was deleted.
    Restored,
}

/// Where a user came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Made in the application.
    Local,
    /// Imported.
    Directory,
}
