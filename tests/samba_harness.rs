//! The domain controller for the tests keeps what it promises: what a test of
//! adsync says about a right, a tombstone or a certificate is worth as much as
//! the stage it was set on.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::samba::ldif::Record;
use support::samba::{
    BASE_DN, Cert, Login, SERVICE_ACCOUNT, SERVICE_DN, SERVICE_PASSWORD, SERVICE_UPN, STAFF_DN,
    SambaDc, Search, User,
};

#[test]
fn the_certificate_is_good_for_the_address_and_signed_by_the_ca() {
    let dc = SambaDc::start();
    let good = verified_search(&dc.url(), &dc.ca_file());
    assert!(good.status.success(), "{good:?}");
    assert!(String::from_utf8_lossy(&good.stdout).contains(BASE_DN));

    let other_ca = verified_search(&dc.url(), &dc.other_ca_file());
    assert!(!other_ca.status.success(), "a CA that did not sign it");
}

#[test]
fn a_bad_certificate_can_be_asked_for() {
    for certificate in [Cert::WrongName, Cert::Expired, Cert::CommonNameOnly] {
        let dc = SambaDc::builder().certificate(certificate).start();
        let refused = verified_search(&dc.url(), &dc.ca_file());
        assert!(!refused.status.success(), "{certificate:?}");
        // The stage can still be set.
        dc.add_user(&User::new("alice"));
    }
}

#[test]
fn a_simple_bind_without_tls_is_refused() {
    let dc = SambaDc::start();
    let output = Command::new("ldapsearch")
        .args(["-x", "-H", &dc.ldap_url()])
        .args(["-D", SERVICE_UPN, "-w", SERVICE_PASSWORD, "-b", BASE_DN])
        .output()
        .expect("ldapsearch is installed");
    assert_eq!(output.status.code(), Some(8), "{output:?}");
}

#[test]
fn people_join_change_and_leave() {
    let dc = SambaDc::start();
    let alice = dc.add_user(
        &User::new("alice")
            .given("Alice")
            .sn("Archer")
            .mail("alice@corp.example.com")
            .phone("+44 20 7946 0000"),
    );
    let guid = dc.guid_of("alice");
    let usn = usn_changed(&dc, "alice");

    dc.modify(&alice, "mail", Some("archer@corp.example.com"));
    dc.modify(&alice, "telephoneNumber", None);
    dc.modify(&alice, "mobile", None);
    dc.rename_account("alice", "alice.brown");
    dc.disable(&alice);
    let alice = dc.rename_cn(&alice, "Brown, Alice \"Ally\"");
    let sales = dc.add_ou("Sales", STAFF_DN);
    let alice = dc.move_to(&alice, &sales);

    let entry = dc.account("alice.brown");
    assert_eq!(entry.dn, alice);
    assert_eq!(entry.guid(), guid);
    assert_eq!(entry.text("cn").as_deref(), Some("Brown, Alice \"Ally\""));
    assert_eq!(
        entry.text("mail").as_deref(),
        Some("archer@corp.example.com")
    );
    assert_eq!(entry.text("telephoneNumber"), None);
    assert_eq!(entry.text("userAccountControl").as_deref(), Some("514"));
    assert!(usn_changed(&dc, "alice.brown") > usn);

    dc.enable(&alice);
    let flags = dc.account("alice.brown").text("userAccountControl");
    assert_eq!(flags.as_deref(), Some("512"));
    dc.delete(&alice);
    assert!(dc.entry(&alice).is_none());
    dc.delete_tree(&sales);
}

#[test]
fn any_text_arrives_as_it_is() {
    let dc = SambaDc::start();
    for (sam, text) in [
        ("comma", "Smith, John"),
        ("quotes", "\"Q\" \\ <a+b;c=d> #1 * (x)"),
        ("hash", "#1"),
        ("spaces", " both ends "),
        ("cyrillic", "Пётр Ильи́ч"),
        ("cjk", "山田太郎"),
        ("emoji", "👩‍👩‍👧 Zoë"),
        ("control", "line\nbreak\ttab\u{7}bell\u{202e}bidi"),
    ] {
        let dn = dc.add_user(&User::new(sam).cn(text).given(text).sn(text));
        let entry = dc.account(sam);
        assert_eq!(entry.text("cn").as_deref(), Some(text));
        assert_eq!(entry.text("givenName").as_deref(), Some(text));
        assert!(dc.entry(&dn).is_some(), "{dn:?} names the entry");
    }
    dc.add_user(&User::new("Ärger 山"));
    assert_eq!(
        dc.account("ÄRGER 山").text("cn").as_deref(),
        Some("Ärger 山")
    );
}

#[test]
fn groups_have_members_of_members() {
    let dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice"));
    let bob = dc.add_user(&User::new("bob"));
    let inner = dc.add_group("Inner", &[&alice]);
    let outer = dc.add_group("Outer", &[&inner]);
    let filter = format!("(memberOf:1.2.840.113556.1.4.1941:={outer})");
    let people = |filter: &str| {
        let found = dc.search(&Search::new(filter));
        let mut names: Vec<_> = found
            .iter()
            .filter_map(|e| e.text("sAMAccountName"))
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(people(&filter), "Inner alice");
    dc.add_member(&inner, &bob);
    dc.remove_member(&inner, &alice);
    assert_eq!(people(&filter), "Inner bob");
}

#[test]
fn deleted_users_are_seen_only_by_those_who_may() {
    let dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice").mail("alice@corp.example.com"));
    let guid = dc.guid_of("alice");
    dc.delete(&alice);

    let search = Search::new("(&(objectClass=user)(isDeleted=TRUE))").with_deleted();
    let tombstones = || {
        dc.search_as(Login::SERVICE, &search)
            .expect("a plain search")
    };
    assert_eq!(tombstones().len(), 0);

    dc.grant_tombstones(SERVICE_ACCOUNT);
    let found = tombstones();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].guid(), guid);
    assert_eq!(found[0].text("mail"), None);
    assert_eq!(found[0].text("lastKnownParent").as_deref(), Some(STAFF_DN));

    // Those who leave after the right was given are seen too.
    let bob = dc.add_user(&User::new("bob"));
    dc.delete(&bob);
    assert_eq!(tombstones().len(), 2);
}

#[test]
fn what_is_denied_is_not_seen() {
    let dc = SambaDc::start();
    let secret = dc.add_ou("Secret", STAFF_DN);
    let alice = dc.add_user(&User::new("alice"));
    dc.add_user(&User::new("bob"));
    let carol = dc.add_user(&User::new("carol").ou(&secret));
    let visible = || {
        let search = Search::new("(objectClass=user)").below(STAFF_DN);
        let found = dc
            .search_as(Login::SERVICE, &search)
            .expect("a plain search");
        let mut names: Vec<_> = found.iter().filter_map(|e| e.text("cn")).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(visible(), "alice bob carol");

    dc.deny_read(&secret, SERVICE_ACCOUNT);
    assert_eq!(visible(), "alice bob");
    assert!(
        dc.search_as(Login::SERVICE, &Search::entry(&carol))
            .is_err()
    );

    dc.deny_read(&alice, SERVICE_ACCOUNT);
    assert_eq!(visible(), "bob");
    // Those who come later are hidden as well.
    dc.add_user(&User::new("dave").ou(&secret));
    assert_eq!(visible(), "bob");
    assert!(dc.entry(&carol).is_some(), "the administrator sees her");
}

#[test]
fn the_service_account_has_no_rights_to_write() {
    let dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice"));
    let change = Record::modify(&alice).replace("mail", "mallory@example.net");
    let error = dc
        .try_ldif(Login::SERVICE, &change.to_string())
        .expect_err("it may not");
    assert!(error.contains("Insufficient access (50)"), "{error}");
}

#[test]
fn passwords_are_checked_and_accounts_lock() {
    let dc = SambaDc::start();
    dc.set_password(SERVICE_DN, "another password");
    let bind = |password| {
        let who = Login {
            name: SERVICE_UPN,
            password,
        };
        dc.search_as(who, &Search::entry(STAFF_DN)).map(drop)
    };
    bind("another password").expect("the new password");
    for _ in 0..10 {
        let error = bind(SERVICE_PASSWORD).expect_err("the old password");
        assert!(error.contains("data 52e"), "{error}");
    }
    bind("another password").expect("nothing locks by default");

    dc.lock_out_after(3);
    for _ in 0..3 {
        bind(SERVICE_PASSWORD).expect_err("the old password");
    }
    let error = bind("another password").expect_err("a locked account");
    assert!(error.contains("data 775"), "{error}");
}

#[test]
fn many_users_are_added_in_one_call() {
    let dc = SambaDc::start();
    let users = dc.add_users(250);
    let found = dc.search(&Search::new("(sn=Surname*)").attributes(&["mail"]));
    assert_eq!(found.len(), users.len());
}

#[test]
fn users_can_be_there_from_the_start() {
    let first = SambaDc::builder().users(20).start();
    let again = SambaDc::builder().users(20).start();
    for dc in [first, again] {
        let found = dc.search(&Search::new("(sn=Surname*)").attributes(&["mail"]));
        assert_eq!(found.len(), 20);
        // Both are copies that can be changed.
        dc.delete(&User::numbered(7).dn());
    }
}

#[test]
fn two_domain_controllers_run_at_once() {
    let one = SambaDc::start();
    let two = SambaDc::start();
    assert_ne!(one.ip(), two.ip());
    let alice = one.add_user(&User::new("alice"));
    assert!(one.entry(&alice).is_some());
    assert!(two.entry(&alice).is_none());
}

#[test]
fn a_server_that_is_down_comes_back_with_its_content() {
    let mut dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice"));
    let url = dc.url();
    dc.stop();
    assert!(TcpStream::connect((dc.ip(), 636)).is_err());
    dc.restart();
    assert_eq!(dc.url(), url);
    assert!(dc.entry(&alice).is_some());
}

#[test]
fn a_right_to_see_the_deleted_is_taken_back() {
    let dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice"));
    dc.delete(&alice);
    let deleted = || {
        let search = Search::new("(isDeleted=TRUE)").with_deleted();
        let found = dc.search_as(Login::SERVICE, &search);
        let found = found.expect("a plain search").into_iter();
        let names = found.filter(|entry| entry.text("isDeleted").is_some());
        names.map(|entry| entry.dn).collect::<Vec<_>>()
    };
    let container = format!("CN=Deleted Objects,{BASE_DN}");
    dc.grant_tombstones(SERVICE_ACCOUNT);
    assert_eq!(deleted().len(), 2, "alice and the container");

    dc.revoke_tombstones_but_not_their_container(SERVICE_ACCOUNT);
    assert_eq!(deleted(), [container]);

    let dc = SambaDc::start();
    dc.grant_tombstones(SERVICE_ACCOUNT);
    dc.revoke_tombstones(SERVICE_ACCOUNT);
    dc.delete(&dc.add_user(&User::new("alice")));
    let search = Search::new("(objectClass=user)").with_deleted();
    let found = dc.search_as(Login::SERVICE, &search);
    let found = found.expect("a plain search");
    assert!(found.iter().all(|entry| !entry.dn.contains("DEL:")));
}

#[test]
fn some_tombstones_stay_where_everybody_sees_them() {
    let dc = SambaDc::start();
    let ou = dc.add_ou_that_stays("Stays", STAFF_DN);
    dc.delete(&ou);
    let search = Search::new("(isDeleted=TRUE)").with_deleted();
    let found = dc.search_as(Login::SERVICE, &search);
    let found = found.expect("a plain search");
    let seen = found
        .iter()
        .any(|it| it.dn.starts_with("OU=Stays") && it.dn.ends_with(STAFF_DN));
    assert!(seen, "{found:#?}");
}

#[test]
fn one_attribute_can_be_hidden() {
    let dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice").mail("alice@corp.example.com"));
    dc.deny_usn_changed(STAFF_DN, SERVICE_ACCOUNT);
    let entry = dc.search_as(Login::SERVICE, &Search::entry(&alice));
    let entry = entry.expect("a plain search").remove(0);
    assert_eq!(entry.text("uSNChanged"), None);
    assert!(entry.text("mail").is_some());
}

#[test]
fn a_deleted_user_is_brought_back() {
    let dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice"));
    let guid = dc.guid_of("alice");
    dc.delete(&alice);
    dc.reanimate(&guid, &alice);
    assert_eq!(dc.guid_of("alice"), guid);
    assert_eq!(dc.dn_of("alice"), alice);
}

#[test]
fn the_recycle_bin_keeps_what_the_deleted_had() {
    let dc = SambaDc::start();
    dc.enable_recycle_bin();
    let alice = dc.add_user(&User::new("alice").mail("alice@corp.example.com"));
    dc.delete(&alice);
    let deleted = Search::new("(&(sAMAccountName=alice)(isDeleted=TRUE))").with_deleted();
    let mail = dc.search(&deleted)[0].text("mail");
    assert_eq!(mail.as_deref(), Some("alice@corp.example.com"));
}

#[test]
fn a_server_is_reverted_to_an_older_copy_of_itself() {
    let mut dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice"));
    let then = dc.snapshot();
    let usn = dc.highest_usn();
    let bob = dc.add_user(&User::new("bob"));
    assert!(dc.highest_usn() > usn);

    dc.revert_to(&then);
    assert!(dc.entry(&alice).is_some());
    assert!(dc.entry(&bob).is_none());
    assert_eq!(dc.highest_usn(), usn);
}

#[test]
fn a_server_gets_a_twin_with_another_name_and_life() {
    let mut dc = SambaDc::start();
    let guid = {
        dc.add_user(&User::new("alice"));
        dc.guid_of("alice")
    };
    let mut twin = dc.duplicate();
    assert_eq!(twin.guid_of("alice"), guid);
    assert_eq!(twin.service_dn(), dc.service_dn());
    twin.renew_invocation_id();
    twin.rename_controller("DC2");
    assert_ne!(twin.service_dn(), dc.service_dn());
    twin.delete(&twin.dn_of("alice"));
    assert_eq!(dc.guid_of("alice"), guid);
}

#[test]
fn changes_are_made_one_after_the_other() {
    let dc = SambaDc::start();
    let alice = dc.add_user(&User::new("alice"));
    let mut changes = dc.change_stream();
    changes.send(&Record::modify(&alice).replace("title", "first"));
    assert_eq!(dc.account("alice").text("title").as_deref(), Some("first"));
    for n in 1..=50 {
        changes.send(&Record::modify(&alice).replace("title", n.to_string()));
    }
    assert_eq!(dc.account("alice").text("title").as_deref(), Some("50"));
}

#[test]
fn the_server_tells_what_it_was_asked() {
    let dc = SambaDc::builder().logging_searches().start();
    let before = dc.asked().len();
    dc.search(&Search::new("(cn=what)").below(STAFF_DN));
    dc.search(&Search::entry(""));
    let asked = &dc.asked()[before..];
    let asked: Vec<_> = asked
        .iter()
        .map(|it| (it.filter.as_str(), it.base.as_str()))
        .collect();
    assert_eq!(asked, [("(cn=what)", STAFF_DN), ("(objectClass=*)", "")]);
}

#[test]
fn a_frozen_server_accepts_and_does_not_answer() {
    let mut dc = SambaDc::start();
    dc.freeze();
    let mut connection = TcpStream::connect((dc.ip(), 389)).expect("the kernel still accepts");
    connection
        .set_read_timeout(Some(Duration::from_millis(300)))
        .and_then(|()| connection.write_all(ANONYMOUS_BIND))
        .expect("the kernel still takes it");
    let mut answer = [0; 64];
    connection.read(&mut answer).expect_err("no answer in time");

    dc.thaw();
    connection
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("an open socket has settings");
    let length = connection.read(&mut answer).expect("the answer, late");
    assert!(length > 0);
}

#[test]
fn nothing_is_left_after_the_test() {
    let dc = SambaDc::start();
    let process = dc.process_id().expect("it runs");
    let folder = dc.ca_file();
    let ip = dc.ip();
    drop(dc);
    assert!(!std::path::Path::new(&format!("/proc/{process}")).exists());
    assert!(!folder.exists());
    assert!(TcpStream::connect((ip, 389)).is_err());
}

/// Not a test by itself: `a_killed_test_leaves_no_server` runs it in a process
/// of its own.
#[test]
#[ignore = "runs until it is killed"]
fn hold_a_server_until_killed() {
    let mut dc = SambaDc::start();
    if std::env::var_os("FREEZE").is_some() {
        dc.freeze();
    }
    let process = dc.process_id().expect("it runs");
    let ready = std::env::var_os("READY_FILE").expect("the other test names a file");
    std::fs::write(ready, process.to_string()).expect("the file is writable");
    std::thread::sleep(Duration::from_mins(1));
}

#[test]
fn a_killed_test_leaves_no_server() {
    for frozen in [false, true] {
        let folder = tempfile::tempdir().expect("the temporary directory is writable");
        let ready = folder.path().join("ready");
        let mut test = Command::new(std::env::current_exe().expect("a running program has a path"));
        test.args(["--ignored", "--exact", "hold_a_server_until_killed"])
            .env("TMPDIR", folder.path())
            .env("READY_FILE", &ready);
        if frozen {
            test.env("FREEZE", "1");
        }
        let mut test = test
            .stdout(Stdio::null())
            .spawn()
            .expect("this program starts again");
        let read = || std::fs::read_to_string(&ready).unwrap_or_default();
        wait_until("the server runs", || {
            let ended = test.try_wait().expect("an own child can be waited for");
            assert!(ended.is_none(), "the other test failed: {ended:?}");
            !read().is_empty()
        });
        let server = format!("/proc/{}/stat", read());

        test.kill().expect("an own child can be killed");
        test.wait().expect("an own child can be waited for");
        wait_until("the server ends", || has_ended(&server));
    }
}

const ANONYMOUS_BIND: &[u8] = b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00";

/// Reads the rootDSE with the certificate verified against this CA.
fn verified_search(url: &str, ca_file: &std::path::Path) -> Output {
    Command::new("ldapsearch")
        .args(["-x", "-LLL", "-H", url, "-s", "base", "-b", ""])
        .arg("defaultNamingContext")
        .env("LDAPTLS_CACERT", ca_file)
        .env("LDAPTLS_REQCERT", "demand")
        .output()
        .expect("ldapsearch is installed")
}

fn usn_changed(dc: &SambaDc, sam: &str) -> u64 {
    let usn = dc.account(sam).text("uSNChanged");
    usn.and_then(|text| text.parse().ok()).expect("a number")
}

/// An ended process whose new parent has not collected it yet counts as ended.
fn has_ended(stat_file: &str) -> bool {
    std::fs::read_to_string(stat_file).map_or(true, |stat| stat.contains(") Z "))
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 30 seconds: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
