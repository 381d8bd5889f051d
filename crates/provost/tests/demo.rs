//! The demo: it holds, and it notices when it does not.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_provost"))
        .args(["demo", "--exit", "--json"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

#[test]
fn the_scenario_holds() {
    let output = demo(&[]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{words}");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one JSON document on standard output");
    assert_eq!(answer["differences"], serde_json::json!([]), "{words}");
    assert_eq!(answer["cycles"][0]["kind"], "initial");
    assert_eq!(answer["cycles"][1]["kind"], "incremental");
    assert!(answer["cycles"][1]["disabled"].as_u64() > Some(0), "{answer}");
    assert!(answer["cycles"][1]["deleted"].as_u64() > Some(0), "{answer}");
    assert!(words.contains("skipped"), "somebody is seen skipped: {words}");
}

#[test]
fn a_user_deleted_behind_the_engines_back_is_reported() {
    let output = demo(&["--users", "200", "--sabotage"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one JSON document on standard output");
    let differences = answer["differences"].as_array().expect("a list");
    assert!(differences.iter().any(|line| line.as_str().is_some_and(|line| line.ends_with("is not there"))));
}
