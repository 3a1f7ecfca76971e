//! `adsync setup`: what an administrator of the database runs before adsync can.

use crate::config::Settings;
use crate::error::Failure;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::store::Location;

/// Prints the SQL. Nothing is connected to, and nothing is run.
pub fn run(settings: &Settings, output: &Output) -> anyhow::Result<ExitCode> {
    let Location::Server(server) = &settings.store else {
        return Err(Failure::settings(format!(
            "settings {}: the store is an SQLite file, which needs no setup",
            settings.file.display()
        ))
        .hint("for a database server, say url = \"postgres://adsync@db1.example.com/app\" under [store]")
        .into());
    };
    let sql = server.sql_for_administrator();
    output.stream(|out| out.write_all(sql.as_bytes()))?;
    Ok(ExitCode::Done)
}
