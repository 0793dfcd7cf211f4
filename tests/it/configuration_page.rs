//! The generated page of the documentation is what the binary prints.

use posthouse_tests::server::binary;
use posthouse_tests::tools::{run_to_success, source_file};
use tokio::process::Command;

#[tokio::test]
async fn the_configuration_page_is_fresh() {
    let printed = run_to_success(Command::new(binary()).arg("config-reference"))
        .await
        .stdout;
    let page = source_file("../docs/configuration.md");
    let page = std::fs::read_to_string(&page)
        .unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    assert!(
        page == printed,
        "docs/configuration.md is stale: run `cargo xtask docs`"
    );
}
