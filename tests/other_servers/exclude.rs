//! `exclude` on attributes that a server cannot compare with its patterns: then a condition is neither true nor false,
//! and nobody would be in scope.

use super::{Person, PlainServer, Sandbox, json, settings, usernames};

#[test]
fn patterns_leave_out_who_matches() {
    for server in [PlainServer::openldap(), PlainServer::ds389()] {
        server.add_all(&["alice", "svc-mail"].map(Person::new));
        let mut settings = settings(&server, &[]);
        settings.more_directory += "\nexclude = [\"svc-*\", \"nobody\"]\n";
        let sandbox = Sandbox::new(&settings);
        json(&sandbox, 0, &["import", "--all"]);
        assert_eq!(usernames(&sandbox), ["alice"]);
        let check = sandbox.run(&["check"]).expect_code(0);
        assert!(check.stdout.contains("1 in scope"), "{check}");
        assert!(!check.stdout.contains("warn"), "{check}");
    }
}

/// Such as a number, whichever way its server takes it: slapd finds nobody at all, 389 Directory Server leaves nobody out.
#[test]
fn an_attribute_that_cannot_be_compared_is_told() {
    let told = |server: &PlainServer, pattern: &str| {
        let mut settings = settings(server, &[("username", "\"uidNumber\"")]);
        settings
            .more_directory
            .extend(["\nexclude = [\"", pattern, "\"]"]);
        Sandbox::new(&settings)
    };
    let people = [("alice", "1001"), ("bob", "1002")].map(|(name, number)| {
        Person::new(name)
            .set("objectClass", &["posixAccount"])
            .set("uidNumber", &[number])
            .set("gidNumber", &["1"])
            .set("homeDirectory", &["/"])
    });
    let server = PlainServer::openldap();
    server.add_all(&people);
    for pattern in ["10*", "svc-mail"] {
        let sandbox = told(&server, pattern);
        let check = sandbox.run(&["check"]).expect_code(2);
        let why = "it cannot compare uidNumber with the patterns";
        assert!(check.stdout.contains(why), "{check}");
        assert!(!check.stdout.contains("nobody in"), "{check}");
        for arguments in [&["import", "--all"][..], &["search", "a"]] {
            let answer = sandbox.run(arguments).expect_code(2);
            assert!(answer.stderr.contains(why), "{answer}");
            assert!(answer.stderr.contains("hint: "), "{answer}");
        }
        assert!(!sandbox.store_path().exists(), "somebody was imported");
    }
    let sandbox = told(&server, "1001");
    json(&sandbox, 0, &["import", "--all"]);
    assert_eq!(usernames(&sandbox), ["1002"]);

    let server = PlainServer::ds389();
    server.add_all(&people);
    let check = told(&server, "10*").run(&["check"]).expect_code(0);
    let why =
        "warn  filter      the schema of this server has no substring matching rule for uidNumber";
    assert!(check.stdout.contains(why), "{check}");
}
