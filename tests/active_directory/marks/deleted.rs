//! Those who are gone are found, with and without the right to see tombstones.

use serde_json::Value;

use super::{
    assert_settled, at_once, delta, delta_like_full, four, gone_in_a_day, in_mode, marked,
    marked_by, marked_with_tombstones, missing_because, unguarded,
};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{SERVICE_ACCOUNT, STAFF_DN, SambaDc, User};
use crate::{a_day_passes, named, person, run_json, user, usernames};

/// A marked store, whose account sees tombstones or does not.
fn marked_and(sees: bool) -> (SambaDc, Sandbox) {
    if sees {
        marked_with_tombstones()
    } else {
        marked()
    }
}

fn evidence(result: &Value) -> Vec<&str> {
    let deleted = result["deleted"].as_array().expect("a bucket");
    let evidence = deleted.iter().map(|user| user["evidence"].as_str());
    evidence.map(|it| it.expect("a word")).collect()
}

#[test]
fn a_deleted_user_is_missed_without_the_right_to_see_tombstones() {
    let (dc, sandbox) = marked();
    dc.delete(&dc.dn_of("bob"));
    gone_in_a_day(&sandbox, &["bob"]);
    assert_eq!(usernames(&sandbox), ["alice", "carol", "dave"]);
    assert_eq!(delta(&sandbox)["counts"]["unchanged"], 3);
}

#[test]
fn a_deleted_user_is_not_waited_for_where_that_is_said() {
    for by_setting in [true, false] {
        let (dc, sandbox) = marked();
        if by_setting {
            sandbox.configure(&at_once(&dc));
        }
        dc.delete(&dc.dn_of("bob"));
        let result = if by_setting {
            delta_like_full(&sandbox)
        } else {
            in_mode(&sandbox, "delta", &["sync", "--delete-missing"])
        };
        assert_eq!(named(&result["deleted"]), ["bob"]);
        assert_eq!(evidence(&result), ["absent"]);
        assert_eq!(delta(&sandbox)["counts"]["unchanged"], 3);
    }
}

#[test]
fn a_deleted_user_leaves_a_tombstone_to_those_who_see_it() {
    for seen_before in [true, false] {
        let (dc, sandbox) = if seen_before {
            marked_with_tombstones()
        } else {
            let (dc, sandbox) = marked();
            dc.grant_tombstones(SERVICE_ACCOUNT);
            (dc, sandbox)
        };
        dc.delete(&dc.dn_of("bob"));
        let result = delta_like_full(&sandbox);
        assert_eq!(named(&result["deleted"]), ["bob"]);
        assert_eq!(evidence(&result), ["tombstone"]);
        assert_eq!(usernames(&sandbox), ["alice", "carol", "dave"]);
        assert_eq!(delta(&sandbox)["counts"]["unchanged"], 3);
    }
}

#[test]
fn a_right_that_is_given_later_is_used() {
    let (dc, sandbox) = marked();
    dc.delete(&dc.dn_of("alice"));
    gone_in_a_day(&sandbox, &["alice"]);
    dc.delete(&dc.dn_of("carol"));
    assert_eq!(named(&delta_like_full(&sandbox)["missing"]), ["carol"]);
    dc.grant_tombstones(SERVICE_ACCOUNT);
    // Of her there is proof now, too, and no day need pass.
    assert_eq!(evidence(&delta_like_full(&sandbox)), ["tombstone"]);
    dc.delete(&dc.dn_of("bob"));
    assert_eq!(evidence(&delta_like_full(&sandbox)), ["tombstone"]);
    assert_eq!(delta(&sandbox)["counts"]["unchanged"], 1);
}

#[test]
fn one_after_the_other_leaves_and_each_is_noticed() {
    for sees in [true, false] {
        let (dc, sandbox) = marked_and(sees);
        let mut left = vec!["dave", "alice", "bob", "carol"];
        while left.len() > 1 {
            let name = left.remove(0);
            dc.delete(&dc.dn_of(name));
            dc.modify(&dc.dn_of(left[0]), "sn", Some(name));
            // Without the witness a run may read everything; the next one goes on from there.
            let result = crate::json(&sandbox, &["sync"]);
            assert_eq!(named(&result["modified"]), [left[0]]);
            assert_settled(&sandbox);
            if sees {
                assert_eq!(named(&result["deleted"]), [name]);
            } else {
                assert_eq!(named(&result["missing"]), [name]);
                gone_in_a_day(&sandbox, &[name]);
            }
            assert_eq!(usernames(&sandbox).len(), left.len());
            delta(&sandbox);
        }
    }
}

#[test]
fn a_deleted_user_that_was_brought_back_is_told_from_a_tombstone() {
    let (dc, sandbox) = marked_with_tombstones();
    let guid = dc.guid_of("alice");
    let alice = dc.dn_of("alice");
    dc.delete(&alice);
    assert_eq!(named(&delta_like_full(&sandbox)["deleted"]), ["alice"]);

    // She was the newest tombstone that the account saw. Now she is none, and no other is seen.
    dc.reanimate(&guid, &alice);
    dc.revoke_tombstones(SERVICE_ACCOUNT);
    dc.delete(&dc.dn_of("bob"));
    gone_in_a_day(&sandbox, &["bob"]);
}

#[test]
fn a_user_that_is_deleted_and_brought_back_between_two_runs_stays() {
    for sees in [true, false] {
        let (dc, sandbox) = marked_and(sees);
        let (guid, alice) = (dc.guid_of("alice"), dc.dn_of("alice"));
        dc.delete(&alice);
        dc.reanimate(&guid, &alice);
        // A tombstone loses most attributes.
        let result = delta_like_full(&sandbox);
        assert_eq!(named(&result["modified"]), ["alice"]);
        assert_eq!(user(&sandbox, "alice")["email"], Value::Null);
    }
}

#[test]
fn a_restored_user_is_left_alone_until_it_is_back_in_the_directory() {
    for sees in [true, false] {
        let (dc, sandbox) = marked_and(sees);
        sandbox.configure(&at_once(&dc));
        let (guid, alice) = (dc.guid_of("alice"), dc.dn_of("alice"));
        dc.delete(&alice);
        assert_eq!(named(&delta(&sandbox)["deleted"]), ["alice"]);
        sandbox.run(&["restore", "alice"]).expect_code(0);
        for _ in 0..2 {
            assert_eq!(delta_like_full(&sandbox)["counts"]["unchanged"], 4);
            assert_eq!(user(&sandbox, "alice")["status"], "restored");
        }
        dc.reanimate(&guid, &alice);
        let result = delta_like_full(&sandbox);
        assert_eq!(named(&result["modified"]), ["alice"]);
        assert_eq!(user(&sandbox, "alice")["status"], "ok");
    }
}

#[test]
fn a_restored_user_that_never_left_the_directory_is_brought_in_step() {
    let dc = SambaDc::start();
    dc.add_all(&four());
    let mut settings = unguarded(&dc);
    settings.more_sync.push_str("\nout_of_scope = \"delete\"");
    let sandbox = marked_by("dave", &settings);
    let elsewhere = dc.move_to(&dc.dn_of("alice"), "CN=Users,DC=corp,DC=example,DC=com");
    assert_eq!(named(&delta(&sandbox)["deleted"]), ["alice"]);
    dc.move_to(&elsewhere, STAFF_DN);
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    assert_eq!(delta(&sandbox)["counts"]["checked"], 3);

    // The mark is past her last change.
    sandbox.run(&["restore", "alice"]).expect_code(0);
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice"]);
    assert_eq!(user(&sandbox, "alice")["last_name"], "Archer");
    assert_eq!(user(&sandbox, "alice")["status"], "ok");
}

#[test]
fn those_in_the_recycle_bin_are_gone_though_they_keep_their_values() {
    for sees in [true, false] {
        let (dc, sandbox) = marked_and(sees);
        dc.enable_recycle_bin();
        dc.delete(&dc.dn_of("alice"));
        if sees {
            let result = delta_like_full(&sandbox);
            assert_eq!(named(&result["deleted"]), ["alice"]);
            assert_eq!(evidence(&result), ["tombstone"]);
        } else {
            gone_in_a_day(&sandbox, &["alice"]);
        }
        assert_eq!(delta(&sandbox)["counts"]["unchanged"], 3);
    }
}

#[test]
fn a_user_that_is_made_again_under_the_same_name_is_another_one() {
    let (dc, sandbox) = marked();
    let alice = dc.dn_of("alice");
    dc.delete(&alice);
    dc.add_user(&person("alice"));
    gone_in_a_day(&sandbox, &["alice"]);
}

#[test]
fn those_who_go_with_their_ou_are_found() {
    for sees in [true, false] {
        let dc = SambaDc::start();
        if sees {
            dc.grant_tombstones(SERVICE_ACCOUNT);
        }
        let sales = dc.add_ou("Sales", STAFF_DN);
        dc.add_all(&four());
        dc.add_all(&["emil", "fritz", "gerda"].map(|sam| person(sam).ou(&sales)));
        let sandbox = marked_by("dave", &unguarded(&dc));
        dc.delete_tree(&sales);
        let gone = ["emil", "fritz", "gerda"];
        if sees {
            let result = delta_like_full(&sandbox);
            assert_eq!(named(&result["deleted"]), gone);
            assert_eq!(evidence(&result), ["tombstone"; 3]);
            continue;
        }
        // An OU that is gone looks like one that the account may not see.
        let why = "its container cannot be read either";
        missing_because(&sandbox, &gone, why);
        a_day_passes(&sandbox);
        missing_because(&sandbox, &gone, why);
        let result = in_mode(&sandbox, "delta", &["sync", "--delete-missing"]);
        assert_eq!(named(&result["missing"]), gone);
        sandbox
            .run(&["remove", "emil", "fritz", "gerda"])
            .expect_code(0);
        assert_eq!(delta(&sandbox)["counts"]["unchanged"], 4);
    }
}

#[test]
fn the_gone_among_many_are_found_wherever_they_stand() {
    let dc = SambaDc::builder().users(450).start();
    let sandbox = marked_by("user0300", &unguarded(&dc));
    let gone = [1, 199, 200, 201, 202, 400, 401, 450];
    for n in gone {
        dc.delete(&User::numbered(n).dn());
    }
    let gone = gone.map(|n| format!("user{n:04}"));
    let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
    gone_in_a_day(&sandbox, &gone);
    assert_eq!(delta(&sandbox)["counts"]["unchanged"], 442);
}

#[test]
fn a_refused_run_moves_no_mark() {
    for sees in [true, false] {
        let dc = SambaDc::builder().users(30).start();
        if sees {
            dc.grant_tombstones(SERVICE_ACCOUNT);
        }
        let sandbox = marked_by("user0030", &Settings::for_dc(&dc));
        for n in 1..=6 {
            dc.delete(&User::numbered(n).dn());
        }
        dc.modify(&User::numbered(7).dn(), "sn", Some("Changed"));
        let (bucket, flag) = if sees {
            ("deleted", "--allow-deletes")
        } else {
            ("missing", "--allow-missing")
        };
        for _ in 0..2 {
            let refused = run_json(&sandbox, &["sync"]).expect_code(4).json();
            assert_eq!(refused["mode"], "delta");
            assert_eq!(refused["counts"][bucket], 6);
            assert_eq!(named(&refused["modified"]), ["user0007"]);
        }
        let done = in_mode(&sandbox, "delta", &["sync", flag, "6"]);
        assert_eq!(done["counts"][bucket], 6);
        assert_eq!(named(&done["modified"]), ["user0007"]);
        assert_settled(&sandbox);
        if !sees {
            a_day_passes(&sandbox);
            let refused = run_json(&sandbox, &["sync"]).expect_code(4).json();
            assert_eq!(refused["counts"]["deleted"], 6);
            in_mode(&sandbox, "delta", &["sync", "--allow-deletes", "6"]);
        }
        assert_eq!(delta(&sandbox)["counts"]["unchanged"], 24);
    }
}
