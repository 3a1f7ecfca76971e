//! The exit codes: published API. Scripts depend on them, so a number is never given a new meaning.

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done; duplicates and missing users are no failure unless `--strict` says so.
    Done = 0,
    /// Failed; nothing was changed.
    Failed = 1,
    /// The command line or the settings cannot be used.
    Usage = 2,
    /// `--dry-run --exit-code`: there is something to do.
    Pending = 3,
    /// The guard refused the plan; nothing was changed.
    Refused = 4,
    /// The directory could not be reached, refused the login, or answered incompletely; nothing was
    /// changed.
    Directory = 5,
    /// Another run holds the store.
    Busy = 6,
    /// Done, but some users failed (or, with `--strict`, are duplicates or missing); the others were updated.
    Partial = 7,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    #[test]
    fn the_numbers_are_those_that_are_published() {
        let published = [
            (ExitCode::Done, 0),
            (ExitCode::Failed, 1),
            (ExitCode::Usage, 2),
            (ExitCode::Pending, 3),
            (ExitCode::Refused, 4),
            (ExitCode::Directory, 5),
            (ExitCode::Busy, 6),
            (ExitCode::Partial, 7),
        ];
        for (code, number) in published {
            assert_eq!(code as u8, number, "{code:?}");
        }
    }
}
