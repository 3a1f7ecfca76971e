//! Several domain controllers, each with a count of its own, and one that was restored from a backup: a
//! mark is good for the controller, and the life of its database, in which it was set.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};

use testdir::{TestDir, Uuid, What, When};

use crate::mark::{Mark, agrees, delta, full, in_mode, mark, marked};
use crate::support::embedded::{DOMAIN, Stage, assert_says, names};

/// The DN of a controller's NTDS Settings object.
pub(crate) fn service(controller: &str) -> String {
    format!(
        "CN=NTDS Settings,CN={controller},CN=Servers,CN=Default-First-Site-Name,CN=Sites,\
         CN=Configuration,{DOMAIN}"
    )
}

/// Another controller of the domain of this stage, with the same content, that counts from here.
pub(crate) fn second(stage: &Stage, first_usn: u64) -> TestDir {
    let second = TestDir::builder()
        .ds_service_name(&service("DC2"))
        .invocation_id(Uuid::from_u128(2))
        .first_usn(first_usn)
        .start()
        .expect("a free port");
    replicate(&stage.directory, &second);
    second
}

/// A controller on the port that says it is a global catalog; the address is one that no other test has.
pub(crate) fn global_catalog() -> TestDir {
    static NEXT: AtomicU8 = AtomicU8::new(128);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let [.., high, low] = std::process::id().to_be_bytes();
    let address = (Ipv4Addr::new(127, number, high, low), 3268).into();
    let catalog = TestDir::builder()
        .listen(address)
        .first_usn(1_000_000)
        .start();
    catalog.expect("the port of a global catalog is free")
}

/// Brings what is new on one controller to another.
pub(crate) fn replicate(from: &TestDir, to: &TestDir) {
    from.edit(|source| to.edit(|target| target.replicate_from(source)));
}

/// Leads the settings to a controller.
pub(crate) fn use_controller(stage: &mut Stage, controller: &TestDir) {
    let url = controller.url();
    stage.configure(|settings| settings.urls = vec![url]);
}

fn set_mail(controller: &TestDir, mail: &str) {
    controller
        .replace("alice", "mail", [mail])
        .expect("alice is there");
}

#[test]
fn another_controller_is_read_as_a_whole_whatever_it_counts() {
    for first_usn in [10, 8192, 1_000_000] {
        let mut stage = marked(&["alice", "bob"]);
        let second = second(&stage, first_usn);
        use_controller(&mut stage, &second);
        set_mail(&second, "new@example.com");
        let answer = stage.run(&["sync", "-v"]).expect_code(0);
        assert_says(&answer, &["reading everything: ", "CN=DC2"]);
        assert_eq!(stage.user("alice")["email"], "new@example.com");
        assert_eq!(mark(&stage).service, service("DC2"));
        assert_eq!(mark(&stage).invocation_id, Uuid::from_u128(2));
        delta(&stage, 0);
        set_mail(&second, "newer@example.com");
        assert_eq!(names(&delta(&stage, 0), "modified"), ["alice"]);
    }
}

#[test]
fn there_and_back_again_loses_nothing() {
    let mut stage = marked(&["alice", "bob"]);
    let first = stage.directory.url();
    let second = second(&stage, 500);
    for round in 0..3 {
        set_mail(&second, &format!("second{round}@example.com"));
        use_controller(&mut stage, &second);
        full(&stage, 0);
        replicate(&second, &stage.directory);
        set_mail(&stage.directory, &format!("first{round}@example.com"));
        stage.configure(|settings| settings.urls = vec![first.clone()]);
        let run = full(&stage, 0);
        assert_eq!(names(&run, "modified"), ["alice"]);
        replicate(&stage.directory, &second);
    }
}

#[test]
fn a_controller_that_lags_behind_and_then_catches_up() {
    let mut stage = marked(&["alice", "bob"]);
    let first = stage.directory.url();
    let second = second(&stage, 500);
    stage.set("alice", "mail", "new@example.com");
    delta(&stage, 0);
    // The second has not heard of it, and the store goes back to what it says.
    use_controller(&mut stage, &second);
    full(&stage, 0);
    assert_eq!(stage.user("alice")["email"], "alice@example.com");
    replicate(&stage.directory, &second);
    assert_eq!(names(&delta(&stage, 0), "modified"), ["alice"]);
    stage.configure(|settings| settings.urls = vec![first]);
    assert_eq!(full(&stage, 0)["counts"]["unchanged"], 3);
}

#[test]
fn the_second_takes_over_in_the_middle_of_a_run() {
    let mut stage = marked(&["alice", "bob"]);
    let second = second(&stage, 500);
    let urls = vec![stage.directory.url(), second.url()];
    stage.configure(|settings| settings.urls = urls);
    stage.hurry();
    for controller in [&stage.directory, &second] {
        set_mail(controller, "new@example.com");
    }
    let changes = When::search().filter_contains("usnchanged");
    stage.directory.fault(changes, What::Cut);
    let answer = stage.run(&["sync", "-v"]).expect_code(0);
    assert_says(&answer, &["trying again", "reading everything: ", "CN=DC2"]);
    assert_eq!(stage.user("alice")["email"], "new@example.com");
    assert_eq!(mark(&stage).service, service("DC2"));
    stage.directory.clear_faults();
    // The first one again: its mark is gone.
    full(&stage, 0);
    assert_eq!(mark(&stage).service, service("DC1"));
}

#[test]
fn a_controller_with_a_new_invocation_id_is_read_as_a_whole() {
    let stage = marked(&["alice", "bob"]);
    let restored = Uuid::from_u128(77);
    stage.change(|directory| {
        directory.replace(&service("DC1"), "invocationId", [restored.to_bytes_le()])
    });
    let answer = stage.run(&["sync", "-v"]).expect_code(0);
    assert_says(&answer, &["reading everything: ", "invocationId"]);
    assert_eq!(mark(&stage).invocation_id, restored);
    delta(&stage, 0);
}

#[test]
fn a_controller_that_went_back_is_read_as_a_whole() {
    // As from a snapshot of the machine, of which Active Directory knows nothing.
    let stage = marked(&["alice", "bob"]);
    let before = mark(&stage);
    let usn = u64::try_from(before.usn).expect("a positive number");
    stage.change(|directory| {
        directory.replace("alice", "mail", ["new@example.com"])?;
        directory.set_highest_usn(usn - 1);
        Ok(())
    });
    let answer = stage.run(&["sync", "-v"]).expect_code(0);
    let mark_then = before.usn.to_string();
    assert_says(&answer, &["reading everything: ", &mark_then]);
    assert_eq!(stage.user("alice")["email"], "new@example.com");
    assert_eq!(mark(&stage).usn, before.usn - 1);
    delta(&stage, 0);
}

#[test]
fn a_controller_that_stands_where_it_stood_is_gone_on_from() {
    let stage = marked(&["alice", "bob"]);
    let before = mark(&stage);
    delta(&stage, 0);
    assert_eq!(mark(&stage), before);
}

#[test]
fn the_largest_number_there_is() {
    let stage = marked(&["alice", "bob"]);
    stage
        .directory
        .alter_root_dse("highestCommittedUSN", ["9223372036854775807"]);
    full_or_delta(&stage);
    full_or_delta(&stage);
    stage.directory.restore_root_dse();
    stage.set("alice", "mail", "new@example.com");
    let run = full(&stage, 0);
    assert_eq!(names(&run, "modified"), ["alice"]);
    agrees(&stage, 0);
}

/// Whatever the mode, it must go well.
#[track_caller]
fn full_or_delta(stage: &Stage) {
    let run = stage.sync(0);
    assert_eq!(run["counts"]["unchanged"], 3, "{run:#}");
}

#[test]
fn a_rehearsal_on_another_controller_leaves_the_mark() {
    let mut stage = marked(&["alice", "bob"]);
    let first = stage.directory.url();
    let second = second(&stage, 500);
    let before = mark(&stage);
    use_controller(&mut stage, &second);
    in_mode(&stage, 0, &["sync", "--dry-run"], "full");
    assert_eq!(Mark::of(&stage), Some(before));
    stage.configure(|settings| settings.urls = vec![first]);
    delta(&stage, 0);
}
