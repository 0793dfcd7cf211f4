//! `serve` refuses what it cannot do, before it touches anything.

use crate::command::{bare, run_in};

#[test]
fn refusals_exit_2_and_leave_no_data_directory() {
    let home = tempfile::tempdir().expect("temporary directory");
    let cases: [(&[&str], &str); 4] = [
        (&["serve", "--dev", "--http", "0.0.0.0:0"], "loopback only"),
        (
            &["serve", "--dev", "--smtp", "nowhere"],
            "--smtp: invalid value `nowhere`",
        ),
        (
            &["serve", "--dev", "--config", "missing.toml"],
            "cannot read the configuration file missing.toml",
        ),
        (
            &["serve", "--dev", "--roles", "api,cook"],
            "allowed: all, or any of api",
        ),
    ];
    for (arguments, expected) in cases {
        let ended = run_in(home.path(), arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.err);
        assert!(
            ended.err.starts_with("error: ") && ended.err.contains(expected),
            "{arguments:?}: {}",
            ended.err
        );
    }
    let output = bare(&["serve", "--dev"], home.path())
        .env("POSTHOUSE_SMTP", "25")
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(2));
    assert!(!home.path().join("posthouse-data").exists());
}

#[test]
fn reference_page_is_printed() {
    let home = tempfile::tempdir().expect("temporary directory");
    let ended = run_in(home.path(), &["config-reference"]);
    assert_eq!(ended.code, 0);
    assert!(
        ended
            .out
            .contains("| `--data-dir DIR` | `POSTHOUSE_DATA_DIR` | `data_dir` |"),
        "{}",
        ended.out
    );
}
