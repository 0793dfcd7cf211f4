# Lists the recipes.
default:
    @just --list

# Everything a change must pass, as CI runs it.
ci:
    .ci/run

# Formats, compiles and lints: the quick look before a commit.
check:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings
    cargo xtask layers
    cargo xtask tidy

# Every test, or those whose names contain FILTER. Installs and starts what it needs.
test *FILTER:
    cargo xtask test {{FILTER}}

# The end-to-end tests whose names contain FILTER, against the binary as it is built now; no databases, no peers.
e2e *FILTER:
    cargo build --package posthouse
    cargo test --package posthouse-tests -- {{FILTER}}

# A server on this machine, with a key and a trial domain of its own.
serve:
    cargo run --release -- serve --dev

# A short run of every fuzz target; `just fuzz 1000000` for a long one.
fuzz INPUTS="10000":
    cargo run --package posthouse-fuzz -- --inputs {{INPUTS}}

# Licences, sources and bans of dependencies.
licences:
    cargo xtask licences

# The threats page against the tests.
threats:
    cargo xtask check-threats

# Writes the generated pages.
docs:
    cargo xtask docs
