//! What adsync prints as JSON is what `docs/json.schema.json` says, and nothing else.

use serde_json::Value;

use crate::stage::{add, alone};

fn schema() -> Value {
    let text = std::fs::read_to_string("docs/json.schema.json").expect("the schema");
    serde_json::from_str(&text).expect("it is JSON")
}

/// Why a value is not what a schema says, for the words that ours uses (JSON Schema 2020-12); `None` if it is.
fn fault(value: &Value, schema: &Value, root: &Value) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let path = name.trim_start_matches('#');
        let schema = root.pointer(path).expect("it is defined");
        return fault(value, schema, root);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(name) => vec![name.as_str()],
        _ => Vec::new(),
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.is_empty() && !types.contains(&is) {
        return Some(format!("{value} is no {types:?}"));
    }
    if let Some(known) = schema["enum"].as_array().filter(|it| !it.contains(value)) {
        return Some(format!("{value} is none of {known:?}"));
    }
    if let Some(items) = value.as_array() {
        return items
            .iter()
            .find_map(|it| fault(it, &schema["items"], root));
    }
    let object = value.as_object()?;
    for name in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(name.as_str().unwrap_or_default()) {
            return Some(format!("{name} is not there"));
        }
    }
    object.iter().find_map(|(name, value)| {
        let schema = match &schema["properties"][name] {
            Value::Null => &schema["additionalProperties"],
            property => property,
        };
        if schema == &Value::Bool(false) {
            return Some(format!("{name} is not in the schema"));
        }
        fault(value, schema, root).map(|it| format!("{name}: {it}"))
    })
}

#[track_caller]
fn assert_is(value: &Value, name: &str) {
    let root = schema();
    let fault = fault(value, &root["$defs"][name], &root);
    assert!(
        fault.is_none(),
        "{name}: {}\n{value:#}",
        fault.unwrap_or_default()
    );
}

#[test]
fn what_runs_and_lists_print_is_in_the_schema() {
    for (file, name) in [
        ("sync.json", "run"),
        ("sync-dry-run.json", "run"),
        ("list.json", "list"),
        ("search.json", "found"),
    ] {
        let text = std::fs::read_to_string(format!("tests/cli/golden/{file}")).expect("golden");
        assert_is(&serde_json::from_str(&text).expect("JSON"), name);
    }
}

#[test]
fn what_other_commands_print_is_in_the_schema() {
    let sandbox = alone();
    add(&sandbox, &["alice", "--email", "a@x"]);
    for (arguments, code, name) in [
        (&["add", "bob"][..], 0, "run"),
        (&["set", "bob", "--email", "b@x"], 0, "run"),
        (&["add", "carol", "--email", "B@X"], 7, "run"),
        (&["remove", "bob"], 0, "run"),
        (&["restore", "bob"], 0, "run"),
        (&["undo", "3"], 0, "run"),
        (&["undo", "1", "--allow-deletes", "1"], 0, "run"),
        (&["list"], 0, "list"),
        (&["show", "bob"], 0, "shown"),
        (&["history"], 0, "runs"),
        (&["history", "2"], 0, "changes"),
        (&["history", "--user", "bob"], 0, "changes"),
        (&["history", "--action", "deleted"], 0, "changes"),
        (&["config", "show"], 0, "settings"),
        (&["show", "nobody"], 2, "failure"),
        (&["sync", "alice"], 2, "failure"),
    ] {
        let answer = sandbox.run(&[arguments, &["--format", "json"]].concat());
        assert_is(&answer.expect_code(code).json(), name);
    }
}

#[test]
fn what_is_not_in_the_schema_is_found() {
    let text = std::fs::read_to_string("tests/cli/golden/sync.json").expect("golden");
    let golden: Value = serde_json::from_str(&text).expect("JSON");
    let root = schema();
    let is_refused = |change: fn(&mut Value)| {
        let mut value = golden.clone();
        change(&mut value);
        fault(&value, &root["$defs"]["run"], &root).is_some()
    };
    assert!(!is_refused(|_| {}));
    assert!(is_refused(|it| it["more"] = 1.into()));
    assert!(is_refused(|it| it["run"] = "1".into()));
    assert!(is_refused(|it| it["counts"]["checked"] = Value::Null));
    assert!(is_refused(
        |it| it["deleted"][0]["evidence"] = "guess".into()
    ));
    assert!(is_refused(
        |it| _ = it.as_object_mut().expect("an object").remove("mode")
    ));
}
