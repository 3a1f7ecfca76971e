//! `adsync config`: the example settings, and those in force.

use std::path::Path;

use serde::Serialize;

use crate::cli::{Config, Format};
use crate::config::{Settings, in_force};
use crate::exit_code::ExitCode;
use crate::output::{Output, csv, json, table};
use crate::store::Location;

/// Runs the command.
pub fn run(which: Config, file: Option<&Path>, output: &Output) -> anyhow::Result<ExitCode> {
    match which {
        Config::Example => output.stream(|out| out.write_all(in_force::EXAMPLE.as_bytes()))?,
        Config::Show => show(file, output)?,
    }
    Ok(ExitCode::Done)
}

fn show(file: Option<&Path>, output: &Output) -> anyhow::Result<()> {
    let (settings, text) = Settings::load_with_text(file)?;
    let mut all = in_force::of(&text);
    if let Location::File(path) = &settings.store
        && all.iter().all(|it| it.name != "store.path")
    {
        all.push(in_force::Setting {
            name: "store.path".to_owned(),
            value: format!("{:?}", path.display().to_string()),
            from: "default".to_owned(),
        });
    }
    match output.format {
        Format::Json => {
            #[derive(Serialize)]
            struct InForce {
                file: String,
                settings: Vec<in_force::Setting>,
            }
            json::print(
                &InForce {
                    file: settings.file.display().to_string(),
                    settings: all,
                },
                output,
            )?;
        }
        Format::Csv => csv::print(["setting", "value", "from"], output, |csv| {
            all.iter().try_for_each(|it| csv.serialize(it))
        })?,
        Format::Table => {
            let mut table = table::table(output, &["SETTING", "VALUE", "FROM"]);
            for it in all {
                table.add_row([it.name, it.value, it.from]);
            }
            output.note(&format!("settings {}", settings.file.display()));
            output.result(&table::text(&table))?;
        }
    }
    Ok(())
}
