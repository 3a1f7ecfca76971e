//! The file a page is written to.

use std::fmt;
use std::io;
use std::path::Path;

use crate::error::{Failure, Kind};
use crate::output::file::{self, OutputFile};
use crate::output::report::Report;

/// Where a page will be written.
#[derive(Debug)]
pub struct PageFile(OutputFile);

impl PageFile {
    /// Checks that a page can be written there, before the run changes anything.
    pub fn at(named: &Path) -> Result<Self, Failure> {
        let file = OutputFile::at(named, file::Content::Page);
        let file = file.and_then(|it| it.try_write().map(|()| it));
        file.map(Self).map_err(|error| {
            let message = format!("cannot write the report {}: {error}", named.display());
            Failure::new(Kind::Usage, message).hint(
                "name a new file, or one that --report wrote, in a folder that this account may write to",
            )
        })
    }

    /// Writes a run, with the reason if it was refused.
    pub fn write(&self, report: &Report<'_>, refusal: Option<&Failure>) -> io::Result<()> {
        let written = self.0.write(|out| super::write(out, report, refusal));
        written.map_err(|error| {
            let message = format!("cannot write the report {self}: {error}");
            io::Error::new(error.kind(), message)
        })
    }
}

impl fmt::Display for PageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
