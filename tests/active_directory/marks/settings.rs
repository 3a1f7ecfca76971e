//! A setting that decides what is read makes the next run read everything, once.

use super::{
    delta, delta_like_full, four, full, full_because, in_mode, marked, marked_by, unguarded,
};
use crate::support::adsync::Settings;
use crate::support::samba::{BASE_DN, SambaDc, User};
use crate::{named, user};

#[test]
fn whoever_asks_for_everything_gets_it() {
    let (dc, sandbox) = marked();
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    let result = in_mode(&sandbox, "full", &["sync", "--full"]);
    assert_eq!(named(&result["modified"]), ["alice"]);
    dc.modify(&dc.dn_of("bob"), "sn", Some("Bright"));
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["bob"]);
}

#[test]
fn everything_is_read_as_often_as_the_settings_say() {
    let (dc, sandbox) = marked();
    let every = |time: &str| {
        sandbox.configure(&Settings {
            more_sync: format!("full_every = \"{time}\""),
            ..Settings::for_dc(&dc)
        });
    };
    every("0");
    for _ in 0..2 {
        full(&sandbox);
    }
    every("2s");
    full(&sandbox);
    delta(&sandbox);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    full_because(&sandbox, "full_every");
    delta(&sandbox);
}

#[test]
fn a_changed_question_is_asked_of_everybody() {
    let (dc, sandbox) = marked();
    dc.modify(&dc.dn_of("alice"), "mobile", Some("+1 555 0199"));
    delta(&sandbox);
    let question = |change: &dyn Fn(&mut Settings)| {
        let mut settings = unguarded(&dc);
        change(&mut settings);
        settings
    };
    let questions = [
        question(&|it| it.base_dn = Some(BASE_DN.to_owned())),
        question(&|it| it.more_directory = "filter = \"(objectClass=user)\"".to_owned()),
        question(&|it| it.more_attributes = "contact_number = \"mobile\"".to_owned()),
        question(&|it| it.more_attributes = "email = [\"mail\", \"title\"]".to_owned()),
        question(&|it| it.more_attributes = "first_name = \"sn\"".to_owned()),
        question(&|it| it.more_sync.push_str("\nout_of_scope = \"delete\"")),
        question(&|it| it.username = Some("CORP\\svc-adsync".to_owned())),
    ];
    let plain = unguarded(&dc);
    sandbox.configure(&plain);
    delta(&sandbox);
    for settings in questions {
        for settings in [&settings, &plain] {
            sandbox.configure(settings);
            let dry = in_mode(&sandbox, "full", &["sync", "--dry-run"]);
            let result = full(&sandbox);
            assert_eq!(dry["counts"], result["counts"], "{settings:?}");
            delta(&sandbox);
        }
    }
    assert_eq!(user(&sandbox, "alice")["contact_number"], "+1 555 0100");
}

#[test]
fn a_new_attribute_reaches_those_who_did_not_change() {
    let (dc, sandbox) = marked();
    dc.modify(&dc.dn_of("alice"), "mobile", Some("+1 555 0199"));
    delta(&sandbox);
    sandbox.configure(&Settings {
        more_attributes: "contact_number = [\"mobile\", \"telephoneNumber\"]".to_owned(),
        ..Settings::for_dc(&dc)
    });
    let result = full_because(&sandbox, "contact_number");
    assert_eq!(named(&result["modified"]), ["alice"]);
}

#[test]
fn settings_that_decide_nothing_keep_the_mark() {
    let (dc, sandbox) = marked();
    sandbox.configure(&Settings {
        more_directory: "page_size = 2\ntimeout_secs = 7\nconnect_timeout_secs = 3".to_owned(),
        more_sync: "max_deletes = 3\nhistory_days = 9\nfull_every = \"12h\"".to_owned(),
        ..Settings::for_dc(&dc)
    });
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["alice"]);
}

#[test]
fn the_whole_domain_as_base_is_gone_on_from_as_well() {
    let dc = SambaDc::start();
    dc.add_all(&four());
    let sandbox = marked_by(
        "dave",
        &Settings {
            base_dn: None,
            ..unguarded(&dc)
        },
    );
    dc.add_user(&User::new("not.imported"));
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    dc.delete(&dc.dn_of("bob"));
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice"]);
    assert_eq!(named(&result["missing"]), ["bob"]);
    super::gone_in_a_day(&sandbox, &["bob"]);
}
