//! Logins that cannot be right are not tried: each attempt may be the one that locks the account.

use std::fs;

use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::assert_says;
use crate::support::samba::{NETBIOS_DOMAIN, SERVICE_ACCOUNT, SERVICE_PASSWORD, SambaDc};

/// vault#20439
#[test]
fn a_password_file_with_a_bom_or_two_line_ends_is_told_before_any_attempt() {
    let dc = SambaDc::start();
    // The first attempt would lock the account.
    dc.lock_out_after(1);
    let sandbox = Sandbox::for_dc(&dc);
    sandbox.run(&["import", "--all"]).expect_code(0);
    let file = sandbox.password_file();
    for (content, words) in [
        (format!("\u{feff}{SERVICE_PASSWORD}\n"), "byte order mark"),
        (format!("{SERVICE_PASSWORD}\n\n"), "line"),
        (format!("{SERVICE_PASSWORD}\r\n\r\n"), "line"),
        (format!("{SERVICE_PASSWORD}\nanother\n"), "line"),
    ] {
        fs::write(&file, &content).expect("the sandbox is writable");
        for arguments in [&["sync"][..], &["import", "--all"], &["check"]] {
            let answer = sandbox.run(arguments);
            assert_eq!(answer.code, 2, "{content:?}: {answer}");
            let said = format!("{}{}", answer.stdout, answer.stderr);
            let path = file.display().to_string();
            for words in [words, &path] {
                assert!(said.contains(words), "{words:?} is not said: {answer}");
            }
            assert!(!said.contains(SERVICE_PASSWORD), "{answer}");
        }
    }
    // One line end is what an editor leaves.
    for content in [
        format!("{SERVICE_PASSWORD}\n"),
        format!("{SERVICE_PASSWORD}\r\n"),
    ] {
        fs::write(&file, content).expect("the sandbox is writable");
        sandbox.run(&["import", "--all"]).expect_code(0);
    }
}

/// Settings with the username as somebody wrote it, quotes included.
fn with_username(sandbox: &Sandbox, dc: &SambaDc, written: &str) {
    sandbox.configure(&Settings::for_dc(dc));
    let settings = fs::read_to_string(sandbox.config_file()).expect("it was just written");
    let lines = settings.lines().map(|line| {
        if line.starts_with("username = ") {
            format!("username = {written}\n")
        } else {
            format!("{line}\n")
        }
    });
    sandbox.write_config(&lines.collect::<String>());
}

/// automate#5596: in double quotes TOML takes `\b` for a backspace.
#[test]
fn a_windows_name_in_double_quotes_is_told_single_ones() {
    let dc = SambaDc::start();
    dc.lock_out_after(1);
    let sandbox = Sandbox::for_dc(&dc);
    // `\b`, `\f`, `\n`, `\r`, `\t` and `\e` are characters, `\s` and its like nothing at all.
    for name in [
        "bob",
        "fay",
        "nora",
        "rick",
        "tom",
        "eve",
        "svc-adsync",
        "alice",
    ] {
        let windows = format!("{NETBIOS_DOMAIN}\\{name}");
        with_username(&sandbox, &dc, &format!("\"{windows}\""));
        for arguments in [&["sync"][..], &["check"]] {
            let answer = sandbox.run(arguments);
            assert_eq!(answer.code, 2, "{answer}");
            let said = format!("{}{}", answer.stdout, answer.stderr);
            let right = format!("username = '{NETBIOS_DOMAIN}\\");
            assert!(said.contains(&right), "{right} is not said: {answer}");
            assert!(!said.contains(['\u{8}', '\u{c}', '\u{1b}']), "{answer}");
        }
    }
    with_username(
        &sandbox,
        &dc,
        &format!("'{NETBIOS_DOMAIN}\\{SERVICE_ACCOUNT}'"),
    );
    let answer = sandbox.run(&["import", "--all"]).expect_code(0);
    assert_says(&answer, &[]);
}
