//! What a run reads, and what is known of it before it is read.

use std::time::Duration;

use jiff::Timestamp;

use super::Engine;
use crate::directory::{Directory, DirectoryError};
use crate::plan::change_mark::{Mark, ReadSettings};
use crate::store::{Domains, KnownDomain, Marking, Run, View};
use crate::user::{Controller, ControllerId, Domain};

/// What a run reads, for whom, and how.
pub struct Reach<'a> {
    /// The domain.
    pub domain: Domain,
    /// The domain controller that answers.
    pub controller: Controller,
    /// What the store knows of this and of other domains.
    pub domains: Domains,
    /// The settings that decide what is read, and how it is understood.
    pub settings: ReadSettings,
    /// When the run began.
    pub now: Timestamp,
    /// Whether missing users are deleted at once.
    pub delete_missing: bool,
    /// What the run works with.
    pub engine: &'a Engine<'a>,
}

impl<'a> Reach<'a> {
    /// Identifies the domain and the domain controller, and records both in the run.
    pub fn of(
        store: &dyn View,
        directory: &mut Directory,
        run: &mut Run,
        engine: &'a Engine<'a>,
    ) -> anyhow::Result<Self> {
        let domains = store.domains()?;
        let (domain, controller) = identify(&domains, directory)?;
        let mut settings = directory.read_settings();
        settings.insert("username", directory.account());
        settings.insert("out_of_scope", engine.policy.out_of_scope.name());
        settings.insert("adsync", env!("CARGO_PKG_VERSION"));
        run.domain = Some(domain.clone());
        run.controller = Some(controller.clone());
        run.settings = Some(settings.clone());
        Ok(Self {
            domain,
            controller,
            domains,
            settings,
            now: run.started_at,
            delete_missing: false,
            engine,
        })
    }

    fn known(&self) -> Option<&KnownDomain> {
        self.domains.known(&self.domain)
    }

    /// The change mark of the domain.
    pub fn mark(&self) -> Option<&Mark> {
        self.known()?.mark.as_ref()
    }

    /// How many users the scope had when all of it was read last.
    pub fn scope_users(&self) -> Option<u64> {
        self.known()?.scope_users
    }

    /// The domain controllers that have read the domain completely, each with the last run in which it did.
    pub fn full_runs(&self) -> impl Iterator<Item = (ControllerId, i64)> {
        let controllers = self.known().into_iter().flat_map(|it| &it.controllers);
        controllers.filter_map(|it| Some((it.id, it.full_run?)))
    }

    /// How long a user must have been missing.
    pub fn missing_after(&self) -> Duration {
        if self.delete_missing {
            Duration::ZERO
        } else {
            self.engine.policy.missing_after
        }
    }

    /// What a run does to the change mark that reads only part of the scope, or does not look for missing users. It
    /// may have read older data than the mark stands for, from a domain controller that lags behind, or with other
    /// settings.
    pub fn mark_after_part(&self, directory: &Directory) -> Marking {
        let fits = |mark: &Mark| directory.is_past(mark) && mark.settings == self.settings;
        if self.mark().is_none_or(fits) {
            Marking::Keep
        } else {
            Marking::Forget
        }
    }
}

/// The domain of the directory, and the domain controller that answers.
pub fn identify(
    domains: &Domains,
    directory: &mut Directory,
) -> Result<(Domain, Controller), DirectoryError> {
    let identity = directory.controller_identity()?;
    let dn = directory.domain().to_owned();
    let domain = match domains.of_controller(&identity, &dn) {
        Some(domain) => domain,
        None => domains.domain(directory.domain_guid()?, &dn),
    };
    let controller = domains.controller(&domain, identity, directory.highest_usn());
    Ok((domain, controller))
}
