//! The program `testdir`, as a shell script uses it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

const BASE: &str = "DC=corp,DC=example,DC=com";

#[test]
fn a_script_serves_changes_and_ends() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ldif = folder.path().join("people.ldif");
    std::fs::write(
        &ldif,
        format!("dn: CN=alice,OU=Staff,{BASE}\nobjectClass: user\n"),
    )?;
    let password = folder.path().join("password");
    std::fs::write(&password, "secret\n")?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_testdir"))
        .args(["serve", "--users", "3", "--bind-user", "svc@x"])
        .arg("--ldif")
        .arg(&ldif)
        .arg("--password-file")
        .arg(&password)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = program.stdin.take().context("no stdin")?;
    let output = program.stdout.take().context("no stdout")?;
    let mut lines = BufReader::new(output).lines();
    let first = lines.next().context("no line")??;
    let url = first.strip_prefix("listening on ").context("no address")?;

    let delete = format!("dn: CN=alice,OU=Staff,{BASE}\nchangetype: delete\n\n");
    input.write_all(delete.as_bytes())?;
    assert_eq!(lines.next().context("no answer")??, "ok");
    input.write_all(delete.as_bytes())?;
    let refused = lines.next().context("no answer")??;
    assert!(
        refused.starts_with("error: ") && refused.contains("alice"),
        "{refused}"
    );

    let mut client = ldap3::LdapConn::new(url)?;
    client.simple_bind("svc@x", "secret")?.success()?;
    let users = client.search(
        BASE,
        ldap3::Scope::Subtree,
        "(objectCategory=person)",
        ["cn"],
    )?;
    assert_eq!(users.success()?.0.len(), 3);

    drop(input);
    assert!(program.wait()?.success());
    Ok(())
}
