//! The steps of a check that need a login: which users are read, with what, and what the account may see.

use ldap::code::NO_SUCH_OBJECT;

use super::findings::Findings;
use crate::directory::{Directory, DirectoryError, Identities, Unfilled};
use crate::error::{Failure, Kind, hint_on_attribute, other_identities};

/// How far two clocks may be apart before Kerberos refuses (RFC 4120, 1.6; AD's default
/// for "Maximum tolerance for computer clock synchronization").
const CLOCK_TOLERANCE_SECONDS: u64 = 5 * 60;

/// Goes through all steps.
pub fn check(directory: &mut Directory, findings: &mut Findings<'_>) {
    check_port(directory, findings);
    check_clock(directory, findings);
    if !check_base(directory, findings) {
        return;
    }
    check_schema(directory, findings);
    if let Err(error) = check_exclude(directory, findings) {
        findings.fail("filter", error);
        return check_rights(directory, findings);
    }
    match check_users(directory, findings) {
        Ok(identities) if identities.users == 0 => {}
        Ok(identities) => {
            check_attributes(directory, findings);
            check_identity(directory, &identities, findings);
        }
        Err(error) => return findings.fail("users", error),
    }
    check_rights(directory, findings);
}

fn check_port(directory: &Directory, findings: &mut Findings<'_>) {
    let server = directory.server();
    if !server.is_global_catalog() {
        return;
    }
    let scheme = if server.is_ldaps() { "ldaps" } else { "ldap" };
    findings.warn(
        "port",
        format!(
            "{} is the port of the global catalog, which has but a part of each user's attributes",
            server.port()
        ),
        format!(
            "write url = \"{scheme}://{}\" under [directory]; here a field without a value keeps what it has, and every run reads everything",
            server.host()
        ),
    );
}

fn check_clock(directory: &Directory, findings: &mut Findings<'_>) {
    let Some(ahead) = directory.clock_ahead() else {
        return;
    };
    let seconds = ahead.unsigned_abs();
    if seconds < CLOCK_TOLERANCE_SECONDS {
        return findings.ok("clock", format!("{seconds} s from the domain controller's"));
    }
    let direction = if ahead > 0 { "behind" } else { "ahead of" };
    findings.warn_with(
        "clock",
        format!(
            "this host's clock is {} {direction} the domain controller's",
            in_words(seconds)
        ),
        "set it by the domain's time servers: certificates are judged by it, and from 5 minutes on Kerberos refuses",
        vec!["timedatectl timesync-status".to_owned()],
    );
}

/// A time span, rounded to a natural unit.
fn in_words(seconds: u64) -> String {
    let (unit, name) = match seconds {
        0..7_000 => (60, "minutes"),
        7_000..170_000 => (3_600, "hours"),
        _ => (86_400, "days"),
    };
    format!("{} {name}", (seconds + unit / 2) / unit)
}

fn check_base(directory: &mut Directory, findings: &mut Findings<'_>) -> bool {
    let base = directory.base().to_owned();
    let error = match directory.base_exists() {
        Ok(true) => {
            check_kind_of_base(directory, findings);
            return true;
        }
        Ok(false) => {
            let failure = Failure::new(Kind::Directory, format!("{base} cannot be read"));
            findings.fail("base", failure.hint("give the account read access to it"));
            return false;
        }
        Err(error) => error,
    };
    let is_absent = error.result_code() == Some(NO_SUCH_OBJECT);
    let mut failure = Failure::from(error);
    if is_absent {
        failure.message = format!("base_dn {base} is not there (noSuchObject)");
        let domain = format!("the domain itself is {}", directory.domain());
        failure.hint = Some(match directory.base_meant() {
            Some(meant) => format!("did you mean base_dn = \"{meant}\"? {domain}"),
            None => format!("check base_dn under [directory]; {domain}"),
        });
    }
    findings.fail("base", failure);
    false
}

/// Whether the base can have users below it.
fn check_kind_of_base(directory: &mut Directory, findings: &mut Findings<'_>) {
    let base = directory.base().to_owned();
    match directory.base_around() {
        Ok(None) => findings.ok("base", format!("{base} is there")),
        Ok(Some((what, around))) => {
            let instead = match what {
                "a group" => "; `adsync import --group` brings in the members of a group",
                _ => "",
            };
            findings.warn(
                "base",
                format!("base_dn {base} is {what}, and nobody is below it"),
                format!("write base_dn = \"{around}\" under [directory]{instead}"),
            );
        }
        Err(error) => findings.fail("base", error),
    }
}

/// Checks the attributes of the settings against the server's schema.
fn check_schema(directory: &mut Directory, findings: &mut Findings<'_>) {
    match directory.misnamed() {
        Ok(unusable) => {
            for unusable in unusable {
                let mut failure = Failure::new(Kind::Settings, unusable.to_string());
                failure.hint = Some(hint_on_attribute(unusable));
                findings.fail("attributes", failure);
            }
        }
        Err(error) => return findings.fail("attributes", error),
    }
    match directory.unknown_in_filter() {
        Ok(unknown) => {
            for (name, meant) in unknown {
                findings.warn(
                    "filter",
                    format!("{name} is an attribute that the schema of this server does not have"),
                    match meant {
                        Some(meant) => format!("did you mean {meant} in filter under [directory]? nobody matches a condition on {name}"),
                        None => format!("check filter under [directory]: nobody matches a condition on {name}"),
                    },
                );
            }
        }
        Err(error) => findings.fail("filter", error),
    }
}

/// Whether the server can compare usernames with the patterns of `exclude`.
fn check_exclude(
    directory: &mut Directory,
    findings: &mut Findings<'_>,
) -> Result<(), DirectoryError> {
    directory.require_exclude()?;
    for name in directory.without_substring_rule()? {
        findings.warn(
            "filter",
            format!("the schema of this server has no substring matching rule for {name}"),
            "a pattern with * in exclude under [directory] may leave nobody out: write whole usernames, or a condition on another attribute in filter",
        );
    }
    Ok(())
}

/// Counts the users of the scope.
fn check_users(
    directory: &mut Directory,
    findings: &mut Findings<'_>,
) -> Result<Identities, DirectoryError> {
    let identities = directory.identities()?;
    if identities.users > 0 {
        let (left_out, in_scope) = directory.system_accounts()?.unwrap_or_default();
        let users = identities.users;
        let disabled = match identities.disabled {
            0 => String::new(),
            disabled => format!(", {disabled} disabled"),
        };
        let left_out = match left_out {
            0 => String::new(),
            1 => ", 1 system account left out".to_owned(),
            _ => format!(", {left_out} system accounts left out"),
        };
        let said = format!("{users} in scope{disabled}{left_out}");
        findings.ok("users", said);
        if in_scope > 0 {
            findings.warn(
                "users",
                format!("{in_scope} of them are accounts of the domain itself, such as krbtgt, Guest or those of trusts"),
                "add (!(isCriticalSystemObject=TRUE)) to filter under [directory]",
            );
        }
        return Ok(identities);
    }
    let base = directory.base().to_owned();
    let filter = directory.filter().to_owned();
    let (there, in_domain) = directory.count_without_filter()?;
    let (message, hint) = if there > 0 {
        let misspelt = directory.misspelt_in_filter()?;
        let hint = match misspelt.first() {
            Some((name, meant)) => {
                format!("did you mean {meant} instead of {name}? no user has that attribute")
            }
            None if !directory.is_active_directory() && !names_people(&filter) => "check filter under [directory]; this server is not AD, where users are as a rule (objectClass=inetOrgPerson)".to_owned(),
            None => "check filter under [directory]".to_owned(),
        };
        (
            format!("nobody in {base} matches the filter {filter}; without it there are {there}"),
            hint,
        )
    } else {
        let message = format!("nobody is in {base}, with the filter or without");
        let hint = match in_domain {
            0 => "the whole domain shows this account no user: check its rights".to_owned(),
            _ => format!(
                "check base_dn under [directory]: {} has {in_domain}",
                directory.domain()
            ),
        };
        (message, hint)
    };
    let consequence = "imported users would all be out of scope";
    findings.warn("users", message, format!("{hint}; {consequence}"));
    Ok(identities)
}

/// Whether a filter has the condition that finds people on most servers that are not AD.
fn names_people(filter: &str) -> bool {
    filter.to_lowercase().contains("inetorgperson")
}

/// Whether every user has a unique identity and can be found by it.
fn check_identity(directory: &mut Directory, identities: &Identities, findings: &mut Findings<'_>) {
    let Identities {
        users,
        disabled: _,
        unusable,
        example,
        repeated,
        repeated_example,
    } = identities;
    let attribute = directory.identity().to_owned();
    let mut is_well = true;
    if let Some((dn, reason)) = example {
        is_well = false;
        if unusable == users && *reason == format!("no {attribute}") {
            // Reported with the attributes that nobody has.
            return;
        }
        let message = format!("{unusable} of {users} users have no identity: {dn}: {reason}");
        if unusable == users {
            let hint = other_identities();
            findings.fail("identity", Failure::new(Kind::Settings, message).hint(hint));
            return;
        }
        let hint = "they would fail; name an attribute as guid under [directory.attributes] that every user has, or give the account the right to read it";
        findings.warn("identity", message, hint);
    }
    if let Some(dn) = repeated_example {
        is_well = false;
        let message =
            format!("{repeated} of {users} users have the same {attribute} as another: {dn}");
        let hint =
            "they would fail, and the others with them: no two users may have the same identity";
        findings.warn("identity", message, hint);
    }
    match directory.identity_is_searchable() {
        Ok(Some(false)) => return findings.fail("identity", directory.not_searchable()),
        Ok(_) => {}
        Err(error) => return findings.fail("identity", error),
    }
    if directory.identity_is_name() {
        is_well = false;
        findings.warn(
            "identity",
            format!("{attribute} is a name: a user who gets another is taken for a new one, and for a deleted one"),
            other_identities(),
        );
    }
    if is_well {
        findings.ok(
            "identity",
            format!("every user has an {attribute} and is found by it"),
        );
    }
}

fn check_attributes(directory: &mut Directory, findings: &mut Findings<'_>) {
    let unfilled = match directory.unfilled() {
        Ok(unfilled) => unfilled,
        Err(error) => return findings.fail("attributes", error),
    };
    let (doubtful, plain): (Vec<_>, Vec<_>) = unfilled.into_iter().partition(is_doubtful);
    for it in &doubtful {
        report(it, findings);
    }
    if doubtful.is_empty() {
        let message = match plain.as_slice() {
            [] => "all that are mapped are in use".to_owned(),
            plain => {
                let names: Vec<&str> = plain.iter().map(|it| it.attribute.as_str()).collect();
                format!("nobody has {}", names.join(", "))
            }
        };
        findings.ok("attributes", message);
    }
}

/// Whether it is probably misspelt. A default name is not: nobody may have a telephone; and of
/// several attributes, one may be there for the future.
fn is_doubtful(unfilled: &Unfilled) -> bool {
    let is_plausible = unfilled.is_default || !unfilled.is_alone && unfilled.meant.is_none();
    is_vital(unfilled) || !is_plausible
}

/// Whether every user needs it.
fn is_vital(unfilled: &Unfilled) -> bool {
    unfilled.is_alone && matches!(unfilled.field, "username" | "guid")
}

fn report(unfilled: &Unfilled, findings: &mut Findings<'_>) {
    let Unfilled {
        field,
        attribute,
        is_alone: _,
        is_default: _,
        meant,
    } = unfilled;
    let message = format!("nobody has {attribute}, which {field} is read from");
    let hint = match meant {
        Some(meant) => format!("did you mean {field} = \"{meant}\" under [directory.attributes]?"),
        None => format!("check {field} under [directory.attributes]"),
    };
    if is_vital(unfilled) {
        let message = format!("{message}: every user would fail");
        findings.fail(
            "attributes",
            Failure::new(Kind::Settings, message).hint(hint),
        );
    } else {
        findings.warn("attributes", message, hint);
    }
}

fn check_rights(directory: &mut Directory, findings: &mut Findings<'_>) {
    match directory.sees_deleted() {
        Ok(None) => findings.ok("rights", "this directory keeps no deleted objects"),
        Ok(Some(true)) => findings.ok("rights", "the account sees deleted objects"),
        Ok(Some(false)) => {
            let container = format!("CN=Deleted Objects,{}", directory.domain());
            let account = directory.account_name();
            findings.warn_with(
                "rights",
                "the account sees no deleted objects: users deleted in AD are told by their absence",
                "that works, and the guard watches over it; for certainty, and for quick runs, a domain administrator grants List and Read:",
                vec![
                    format!("dsacls \"{container}\" /takeownership"),
                    format!("dsacls \"{container}\" /g \"{account}:LCRP\""),
                ],
            );
        }
        Err(error) => findings.fail("rights", error),
    }
}
