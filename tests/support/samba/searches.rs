//! Owns what the server notes of the searches it was asked: how many adsync needs
//! is counted at the server, not by adsync.

use super::SambaDc;

/// The level at which the server notes each search it has answered.
pub(super) const LOG_LEVEL: u8 = 5;

/// A search that the server has answered; each page is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) filter: String,
    /// Empty for the rootDSE.
    pub(crate) base: String,
}

impl SambaDc {
    /// The searches in the order in which they were answered, of everybody and
    /// since the last start. Of a server that logs them.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        assert_eq!(self.log_level, LOG_LEVEL, "this server does not note them");
        let log = std::fs::read_to_string(self.log_file()).expect("the server writes its log");
        log.lines().filter_map(asked).collect()
    }
}

fn asked(line: &str) -> Option<Asked> {
    let (_, search) = line.split_once(" filter: [")?;
    let (filter, rest) = search.split_once("] basedn: [")?;
    let (base, _) = rest.split_once("] scope: [")?;
    Some(Asked {
        filter: filter.to_owned(),
        base: base.to_owned(),
    })
}
