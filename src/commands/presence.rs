//! Whether there is a store at all.
//!
//! One that is not there reads as an empty one, and a first run makes it. But a job that looks into the wrong
//! place must not succeed every night, so what has nothing to do without a store says so. Who picks from a list sees
//! that it is empty.

use crate::commands::Context;
use crate::config::{Settings, default_store_path};
use crate::error::{Failure, Kind};
use crate::store;

/// Refuses to go on where there is none.
pub fn require(context: &Context<'_>) -> anyhow::Result<()> {
    match absence(&context.settings)? {
        Some(failure) => Err(failure.into()),
        None => Ok(()),
    }
}

/// Where it was looked for, who said so, and how to begin; none, if it is there.
fn absence(settings: &Settings) -> anyhow::Result<Option<Failure>> {
    let path = &settings.store_path;
    if store::is_there(path)? {
        return Ok(None);
    }
    let file = std::path::absolute(&settings.file).unwrap_or_else(|_| settings.file.clone());
    let is_default = default_store_path().is_ok_and(|it| it == *path);
    let (said, elsewhere) = if is_default {
        let said = format!(
            "the default, for {} names no path under [store]",
            file.display()
        );
        (said, "if it is elsewhere, say so with path under [store]")
    } else {
        let said = format!("the path under [store] in {}", file.display());
        (said, "if it is elsewhere, mend that path")
    };
    let what = if path.exists() {
        "there is but an empty file"
    } else {
        "there is no store"
    };
    let message = format!("{what} at {} ({said})", path.display());
    let hint = format!(
        "`adsync import` makes it: `adsync import --all`, or `adsync import --help`; {elsewhere}"
    );
    Ok(Some(Failure::new(Kind::Settings, message).hint(hint)))
}
