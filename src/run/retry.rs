//! Reading from a directory that may fail for a moment.
//!
//! If a server is busy, goes down or drops the connection, reading starts over, on the next server if there is one,
//! a few times with growing pauses. Refused credentials are final.

use std::time::Duration;

use ldap::{Credentials, Tls};

use super::Engine;
use crate::directory::{Directory, DirectoryError, Servers};
use crate::plan::change_mark::Mark;

/// How long to wait before each further attempt.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];

/// Connects, logs in, and reads. `read` may be called several times, and starts over each time. Among equal servers,
/// that of the change mark is preferred.
pub fn with_directory<T>(
    engine: &Engine<'_>,
    credentials: &Credentials<'_>,
    mark: Option<&Mark>,
    mut read: impl FnMut(&mut Directory) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let tls = Tls::new(&engine.options.trust())?;
    let preferred = mark.and_then(Mark::host);
    let mut servers = Servers::new(engine.options, credentials, &tls, preferred)?;
    let mut pauses = PAUSES.into_iter();
    loop {
        let attempt = match connect(&mut servers, engine) {
            Ok(mut directory) => read(&mut directory),
            Err(error) => Err(error.into()),
        };
        let error = match attempt {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let is_passing = error
            .downcast_ref::<DirectoryError>()
            .and_then(DirectoryError::ldap)
            .is_some_and(|error| error.is_passing(servers.count()));
        match pauses.next() {
            Some(pause) if is_passing => {
                let milliseconds = pause.as_millis();
                engine
                    .observer
                    .warn(&format!("{error}; trying again in {milliseconds} ms"));
                std::thread::sleep(pause);
            }
            _ => return Err(error),
        }
    }
}

fn connect(servers: &mut Servers<'_>, engine: &Engine<'_>) -> Result<Directory, DirectoryError> {
    let directory = servers.connect(|error| {
        engine
            .observer
            .warn(&format!("{error}; trying the next server"));
    })?;
    if directory.server().is_global_catalog() {
        engine.observer.warn(
            "this is a global catalog, which has but a part of the attributes: fields without a value there keep what they have",
        );
    }
    Ok(directory)
}
