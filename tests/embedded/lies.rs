//! Answers that no directory gives, as large as a message may be: a run stays small, ends within its deadline, and
//! nothing is changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{DOMAIN, STAFF, measured};
use crate::support::liar::{Asked, element, serve, value};

/// The most memory that a run may have, in bytes.
const MEMORY: u64 = 200_000_000;
/// `run_timeout` is 10 s, but where a run is to come to its end; a busy machine takes its time.
const BOUND: Duration = Duration::from_secs(100);

/// As many empty values as fit into a message.
fn empty_values() -> Vec<u8> {
    [4, 0].repeat(8_000_000)
}

/// An Active Directory, or another server, that says this of itself; what else is asked for `answer` says.
fn directory(
    is_active_directory: bool,
    answer: impl Fn(&Asked, &mut dyn FnMut(&[u8])) + Send + Sync + 'static,
) -> Sandbox {
    let url = serve(move |asked, send| {
        if asked.is_login {
            return send(&asked.done(&[]));
        }
        if !asked.base.is_empty() {
            return answer(asked, send);
        }
        let context = value(DOMAIN);
        let mut root = vec![("namingContexts", &context[..])];
        let capability = value("1.2.840.113556.1.4.800");
        if is_active_directory {
            root.push(("supportedCapabilities", &capability));
        }
        send(&asked.entry("", &root));
        send(&asked.done(&[]));
    });
    sandbox(&url)
}

fn sandbox(url: &str) -> Sandbox {
    Sandbox::new(&Settings {
        base_dn: Some(STAFF.to_owned()),
        username: Some("svc".to_owned()),
        password: Some("secret".to_owned()),
        more_directory: "run_timeout = \"10s\"\ntimeout_secs = 8".to_owned(),
        ..Settings::for_url(url)
    })
}

/// Runs adsync; its exit code and standard error. Fails if it takes more memory or time than it may.
#[track_caller]
fn run(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let started = Instant::now();
    let (status, text, peak) = measured(sandbox.prepare(arguments), BOUND);
    let told = format!(
        "{arguments:?}: {} MB, {:?}, {status}\n{text}",
        peak / 1_000_000,
        started.elapsed()
    );
    assert!(peak < MEMORY, "{told}");
    assert!(text.len() < 4000, "{told}");
    (status.code(), text)
}

/// A user as a directory has it.
fn user(asked: &Asked, number: u32) -> Vec<u8> {
    let guid = [number.to_be_bytes(); 4].concat();
    let (guid, name) = (value(guid), value(format!("u{number}")));
    asked.entry(
        &format!("CN=u{number},{STAFF}"),
        &[("objectGUID", &guid), ("sAMAccountName", &name)],
    )
}

#[test]
fn a_group_whose_ranges_never_end() {
    for in_each in [1, 50_000] {
        let sandbox = directory(false, move |asked, send| {
            let group = format!("CN=G,{DOMAIN}");
            if asked.names("member") && asked.base == group {
                let first = asked
                    .bytes
                    .split(|byte| !byte.is_ascii_digit())
                    .filter_map(|it| std::str::from_utf8(it).ok()?.parse::<usize>().ok());
                let range = asked.names("member;range=");
                let first = if range { first.max().unwrap_or(0) } else { 0 };
                let last = first + in_each - 1;
                let members: Vec<u8> = (first..=last)
                    .flat_map(|it| value(format!("CN=member number {it},{STAFF}")))
                    .collect();
                let name = format!("member;range={first}-{last}");
                send(&asked.entry(&group, &[(&name, &members)]));
            } else if asked.names("groupOfNames") {
                send(&asked.entry(&group, &[]));
            }
            send(&asked.done(&[]));
        });
        let (code, told) = run(&sandbox, &["import", "--group", "G"]);
        assert_eq!(code, Some(5), "{told}");
    }
}

#[test]
fn messages_of_empty_values() {
    for (attribute, arguments) in [
        ("mail", ["import", "--users", "u1"]),
        ("sAMAccountName", ["import", "--users", "u1"]),
        ("objectGUID", ["import", "--users", "u1"]),
        ("userAccountControl", ["import", "--all", "-q"]),
        ("sAMAccountName", ["search", "u", "-q"]),
        ("member", ["import", "--group", "G"]),
        ("memberUid", ["import", "--group", "G"]),
        ("memberURL", ["import", "--group", "G"]),
    ] {
        let sandbox = directory(!attribute.starts_with("member"), move |asked, send| {
            let values = empty_values();
            let (guid, name) = (value([7; 16]), value("u1"));
            let attributes = [
                (attribute, &values[..]),
                ("objectGUID", &guid),
                ("sAMAccountName", &name),
            ];
            for number in 0..if attribute.starts_with("member") {
                1
            } else {
                2
            } {
                send(&asked.entry(&format!("CN=u{number},{STAFF}"), &attributes));
            }
            send(&asked.done(&[]));
        });
        let (code, told) = run(&sandbox, &arguments);
        let codes = [Some(0), Some(2), Some(5), Some(7)];
        assert!(codes.contains(&code), "{attribute}: {told}");
    }
}

#[test]
fn entries_without_an_identity() {
    let sandbox = directory(true, |asked, send| {
        for number in 0..101_000 {
            let name = value(format!("u{number}"));
            send(&asked.entry(
                &format!("CN=u{number},{STAFF}"),
                &[("sAMAccountName", &name)],
            ));
        }
        send(&asked.done(&[]));
    });
    // To its end, however slow the machine is.
    let config = std::fs::read_to_string(sandbox.config_file()).expect("settings");
    let config = config
        .replace("\"10s\"", "\"90s\"")
        .replace("_secs = 8", "_secs = 80");
    sandbox.write_config(&config);
    for arguments in [
        &["import", "--all"][..],
        &["import", "--users", "u1"],
        &["search", "u"],
    ] {
        let (code, told) = run(&sandbox, arguments);
        assert!([Some(5), Some(7)].contains(&code), "{told}");
        if arguments[1] == "--all" {
            assert!(
                told.contains("more than 100000 entries that cannot be used"),
                "{told}"
            );
        }
    }
}

#[test]
fn referrals_of_nothing() {
    let referrals = || element(0xa3, &[4, 0].repeat(8_000_000));
    let sandbox = directory(true, move |asked, send| send(&asked.done(&referrals())));
    let (code, told) = run(&sandbox, &["import", "--all"]);
    assert!(code.is_some(), "{told}");
    let url = serve(move |asked, send| {
        let result = [
            &[0x0a, 1, 10, 4, 0, 4, 0][..],
            &element(0xa3, &[4, 0].repeat(8_000_000)),
        ];
        let done = element(if asked.is_login { 0x61 } else { 0x65 }, &result.concat());
        let number = [2, 1, 1];
        send(&element(0x30, &[&number[..], &done].concat()));
    });
    let (code, told) = run(&self::sandbox(&url), &["import", "--all"]);
    assert_eq!(code, Some(5), "{told}");
}

/// What changed since the last run is large, and there is no end to it.
#[test]
fn changes_without_end() {
    for how in ["classes", "many", "nameless"] {
        let is_later = Arc::new(AtomicBool::new(false));
        let later = is_later.clone();
        let url = serve(move |asked, send| {
            let is_later = later.load(Ordering::SeqCst);
            let settings = format!("CN=NTDS Settings,CN=DC1,CN=Configuration,{DOMAIN}");
            if asked.is_login {
            } else if asked.base.is_empty() {
                let (context, service) = (value(DOMAIN), value(&settings));
                let usn = value(if is_later { "9000" } else { "1000" });
                let capability = value("1.2.840.113556.1.4.800");
                send(&asked.entry(
                    "",
                    &[
                        ("namingContexts", &context),
                        ("defaultNamingContext", &context),
                        ("supportedCapabilities", &capability),
                        ("dsServiceName", &service),
                        ("highestCommittedUSN", &usn),
                    ],
                ));
            } else if asked.base == settings {
                let id = value([9; 16]);
                send(&asked.entry(&settings, &[("invocationId", &id)]));
            } else if is_later && asked.names("uSNChanged") && asked.names("objectClass") {
                let classes = if how == "classes" {
                    empty_values()
                } else {
                    value("top")
                };
                for number in 0..if how == "classes" { 4_u32 } else { 3_000_000 } {
                    let guid = match how {
                        "nameless" => Vec::new(),
                        _ => value([number.to_be_bytes(); 4].concat()),
                    };
                    send(&asked.entry(
                        &format!("CN=x{number},{DOMAIN}"),
                        &[("objectGUID", &guid), ("objectClass", &classes)],
                    ));
                }
            } else {
                send(&user(asked, 1));
                send(&user(asked, 2));
            }
            send(&asked.done(&[]));
        });
        let sandbox = sandbox(&url);
        assert_eq!(run(&sandbox, &["import", "--all"]).0, Some(0));
        assert_eq!(run(&sandbox, &["sync", "--full"]).0, Some(0));
        is_later.store(true, Ordering::SeqCst);
        let (code, told) = run(&sandbox, &["sync"]);
        assert!([Some(0), Some(5)].contains(&code), "{told}");
    }
}

/// Two entries with one identity, one of them deleted: which of them it is nobody knows, in whatever order they come.
#[test]
fn one_identity_for_a_living_user_and_for_a_deleted_one() {
    for is_living_first in [true, false] {
        let is_later = Arc::new(AtomicBool::new(false));
        let later = is_later.clone();
        let url = serve(move |asked, send| {
            let is_later = later.load(Ordering::SeqCst);
            if asked.is_login {
                return send(&asked.done(&[]));
            }
            let context = value(DOMAIN);
            if asked.base.is_empty() {
                let capability = value("1.2.840.113556.1.4.800");
                let control = value("1.2.840.113556.1.4.417");
                let root = [
                    ("namingContexts", &context[..]),
                    ("supportedCapabilities", &capability),
                    ("supportedControl", &control),
                ];
                send(&asked.entry("", &root));
            } else if asked.names("objectGUID") && asked.names("isDeleted") && is_later {
                // A look-up in the whole domain.
                let (guid, yes) = (value([1_u32.to_be_bytes(); 4].concat()), value("TRUE"));
                let deleted = asked.entry(
                    &format!("CN=u1\\0ADEL:1,CN=Deleted Objects,{DOMAIN}"),
                    &[("objectGUID", &guid), ("isDeleted", &yes)],
                );
                let mut entries = [user(asked, 1), deleted];
                if !is_living_first {
                    entries.reverse();
                }
                for entry in &entries {
                    send(entry);
                }
                send(&user(asked, 2));
            } else {
                for number in if is_later { 2 } else { 1 }..5 {
                    send(&user(asked, number));
                }
            }
            send(&asked.done(&[]));
        });
        for arguments in [&["sync", "--full"][..], &["sync", "--users", "u1"]] {
            is_later.store(false, Ordering::SeqCst);
            let sandbox = sandbox(&url);
            assert_eq!(run(&sandbox, &["import", "--all"]).0, Some(0));
            is_later.store(true, Ordering::SeqCst);
            let answer = sandbox.run(&[arguments, &["--format", "json"]].concat());
            assert_eq!(answer.code, 7, "{answer}");
            let told = answer.json();
            assert_eq!(told["failed"][0]["username"], "u1", "{answer}");
            assert_eq!(told["counts"]["deleted"], 0, "{answer}");
            let list = sandbox.run(&["list", "--format", "json"]).json();
            assert_eq!(list["users"].as_array().map(Vec::len), Some(4));
        }
    }
}
