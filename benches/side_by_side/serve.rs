//! `--serve`: a directory to try things on by hand, or to profile adsync against.

use std::io::{self, Write};

use anyhow::Result;

use crate::endpoint::FILTER;
use crate::site::Site;
use crate::slapd::Slapd;

/// Serves this many users until standard input closes.
pub fn run(users: usize) -> Result<()> {
    let slapd = Slapd::start(users)?;
    let endpoint = slapd.endpoint();
    let site = Site::new(&endpoint)?;
    let administrator = slapd.administrator();
    let mut out = io::stdout();
    writeln!(
        out,
        "url       {}\n\
         base DN   {}\n\
         filter    {FILTER}\n\
         bind DN   {}\n\
         password  {}\n\
         admin DN  {}\n\
         password  {}\n\
         settings  {}",
        endpoint.url,
        endpoint.base_dn,
        endpoint.bind_name,
        endpoint.password,
        administrator.bind_name,
        administrator.password,
        site.config_file().display()
    )?;
    writeln!(out, "serving until standard input closes")?;
    out.flush()?;
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}
