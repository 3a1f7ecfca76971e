//! Which server to use: the first usable one, in the order of the settings or of the DNS.

use ldap::{Connection, Credentials, Opened, RunDeadline, ServerUrl, Tls};

use super::error::DirectoryError;
use super::exclude::Exclude;
use super::mapping::{self, Mapping};
use super::options::Options;
use super::root_dse::RootDse;
use super::schema::Schema;
use super::{Directory, srv};

/// The servers of a directory, to be tried in order.
#[derive(Debug)]
pub struct Servers<'a> {
    settings: &'a Options,
    credentials: &'a Credentials<'a>,
    tls: &'a Tls,
    run: RunDeadline,
    urls: Vec<ServerUrl>,
    /// Where the next round begins: after the server that was used last.
    next: usize,
}

impl<'a> Servers<'a> {
    /// The servers in the settings, or of the domain in the DNS; among equals the preferred one
    /// comes first.
    pub fn new(
        settings: &'a Options,
        credentials: &'a Credentials<'a>,
        tls: &'a Tls,
        preferred: Option<&str>,
    ) -> Result<Self, DirectoryError> {
        Ok(Self {
            settings,
            credentials,
            tls,
            run: RunDeadline::new(settings.limits.run_timeout),
            urls: srv::servers(settings, preferred)?,
            next: 0,
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.urls.len()
    }

    /// Connects and authenticates to the first usable server, beginning after the one that was used last.
    /// `on_trouble` is told of those that failed. A server that refuses the credentials ends the
    /// search: the next one would refuse them too, and the account would be one attempt nearer to a lockout.
    pub fn connect(
        &mut self,
        mut on_trouble: impl FnMut(&DirectoryError),
    ) -> Result<Directory, DirectoryError> {
        let mut left = self.urls.len();
        loop {
            let url = &self.urls[self.next % self.urls.len()];
            self.next += 1;
            left = left.saturating_sub(1);
            match Directory::connect_to(
                url,
                self.settings,
                self.credentials,
                self.tls,
                self.run,
                &mut |_| {},
            ) {
                // An attribute of the settings is not looked for on another server: its schema may differ, and the runs
                // would differ.
                Ok(directory) => return directory.usable(),
                Err(error) if left > 0 && !is_login_refused(&error) => on_trouble(&error),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether the account was refused, as it would be elsewhere.
fn is_login_refused(error: &DirectoryError) -> bool {
    error.ldap().is_some_and(ldap::Error::is_login_refused)
}

impl Directory {
    /// Connects to each server in turn and reports each step.
    pub fn probe(
        settings: &Options,
        credentials: &Credentials<'_>,
        tls: &Tls,
        mut on_server: impl FnMut(&ServerUrl, Result<Vec<Opened>, (Vec<Opened>, DirectoryError)>),
    ) -> Result<Option<Self>, DirectoryError> {
        let run = RunDeadline::new(settings.limits.run_timeout);
        let mut usable = None;
        for url in &srv::servers(settings, None)? {
            let mut steps = Vec::new();
            let result = Self::connect_to(url, settings, credentials, tls, run, &mut |step| {
                steps.push(step);
            });
            match result {
                Ok(directory) => {
                    on_server(url, Ok(steps));
                    usable = usable.or(Some(directory));
                }
                Err(error) => {
                    let refused = is_login_refused(&error);
                    on_server(url, Err((steps, error)));
                    if refused {
                        break;
                    }
                }
            }
        }
        Ok(usable)
    }

    /// The directory, if every attribute of the settings can be used there, and `exclude` as well.
    fn usable(mut self) -> Result<Self, DirectoryError> {
        if let Some(error) = self.misfit() {
            return Err(error);
        }
        self.require_exclude()?;
        Ok(self)
    }

    /// The error for attributes of the settings that cannot be used there.
    fn misfit(&self) -> Option<DirectoryError> {
        (!self.unusable.is_empty()).then(|| DirectoryError::Unusable {
            server: self.server().clone(),
            unusable: self.unusable.clone(),
        })
    }

    /// Checks the attributes of the settings against the server's schema, if not done yet.
    pub(super) fn ask_schema(&mut self) -> Result<(), DirectoryError> {
        if self.has_schema {
            return Ok(());
        }
        self.has_schema = true;
        let schema = Schema::read(&mut self.connection, &self.root)?;
        let (mapping, unusable) = self.mapping.with(schema.as_ref());
        self.mapping = mapping;
        self.unusable = unusable;
        Ok(())
    }

    /// Looks for the reason if none of the users read can be used.
    pub(super) fn explain_useless(&mut self) -> Result<(), DirectoryError> {
        if self.root.is_active_directory {
            // There the names are known to exist.
            return Ok(());
        }
        self.ask_schema()?;
        self.misfit().map_or(Ok(()), Err)
    }

    fn connect_to(
        url: &ServerUrl,
        settings: &Options,
        credentials: &Credentials<'_>,
        tls: &Tls,
        run: RunDeadline,
        on_step: &mut dyn FnMut(Opened),
    ) -> Result<Self, DirectoryError> {
        let options = ldap::Options {
            starttls: settings.starttls,
            limits: settings.limits,
        };
        let mut connection = Connection::open(url, &options, credentials, tls, run, on_step)?;
        let root = RootDse::read(&mut connection)?;
        let base = settings
            .base_dn
            .clone()
            .or_else(|| root.default_base().map(str::to_owned))
            .ok_or_else(|| DirectoryError::NoContext {
                server: url.clone(),
            })?;
        // Without the whole domain nobody could be known to be absent from it.
        let domain = root
            .domain_of(&base)
            .ok_or_else(|| DirectoryError::OutsideDomain {
                server: url.clone(),
                base: base.clone(),
                contexts: root.for_users(),
            })?;
        log::info!("reading {base} from {url}");
        let has_schema = mapping::needs_schema(&settings.attributes, &root);
        let schema = if has_schema {
            Schema::read(&mut connection, &root)?
        } else {
            None
        };
        let (mapping, unusable) = Mapping::new(
            settings.attributes.clone(),
            root.is_active_directory,
            schema.as_ref(),
        );
        let exclude = Exclude::new(settings, &mapping);
        Ok(Self {
            filter: exclude.filter(),
            exclude,
            mapping,
            unusable,
            has_schema,
            names: None,
            sentinels: Vec::new(),
            connection,
            root,
            base,
            domain,
            position: None,
            containers: std::collections::HashSet::new(),
        })
    }
}
