//! The key that encrypts secrets inside the database, kept outside of it.

use std::path::Path;

use anyhow::{Context, bail};

use super::private_file;

/// Bytes of the key.
const KEY_BYTES: usize = 32;

/// Reads the key; makes one at first start when `path` does not exist.
///
/// # Errors
/// When the file cannot be read or written, or holds something else.
pub fn load_or_make(path: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            parse(text.trim()).with_context(|| format!("{} is not an instance key", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key: [u8; KEY_BYTES] = rand::random();
            private_file::write(path, &format!("{}\n", hex::encode(key)))
                .with_context(|| format!("cannot write the instance key {}", path.display()))?;
            Ok(key)
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot read the instance key {}", path.display()))
        }
    }
}

fn parse(text: &str) -> anyhow::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    if hex::decode_to_slice(text, &mut key).is_err() {
        bail!("expected {} hexadecimal digits", KEY_BYTES * 2);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_stays_the_same_and_damage_is_noticed() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("instance-key");
        let key = load_or_make(&path).expect("made");
        assert_eq!(load_or_make(&path).expect("read"), key);
        std::fs::write(&path, "short").expect("write");
        assert!(
            format!("{:#}", load_or_make(&path).expect_err("damaged"))
                .contains("64 hexadecimal digits")
        );
    }
}
