//! A certificate for machines that have none yet.
//!
//! Kept on disk it stays the same over restarts, so that peers who pinned it, or were told to trust
//! `self-signed.crt`, go on working. It is made anew when the files are missing or damaged, when certificate
//! and key do not belong together, or when it is not for all the names wanted.

use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::client::verify_server_name;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use super::{TlsSetupError, provider, read_pair};

const CERT_FILE: &str = "self-signed.crt";
const KEY_FILE: &str = "self-signed.key";

/// Returns the kept certificate if it serves, else a new one, which is kept if there is a directory for it.
pub(super) fn load_or_make(
    names: &[String],
    dir: Option<&Path>,
) -> Result<CertifiedKey, TlsSetupError> {
    let Some(dir) = dir else {
        return Ok(make(names)?.certified);
    };
    let (cert_path, key_path) = (dir.join(CERT_FILE), dir.join(KEY_FILE));
    if cert_path.exists() && key_path.exists() {
        match read_pair(&cert_path, &key_path) {
            Ok(kept) if is_for_all(&kept, names) => return Ok(kept),
            Ok(_) => tracing::info!(
                ?names,
                "making a new self-signed certificate: the names have changed"
            ),
            // Not ours to repair: a new one could not be kept either.
            Err(error @ TlsSetupError::Read { .. }) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "making a new self-signed certificate: the old one is not usable")
            }
        }
    }

    let made = make(names)?;
    fs::create_dir_all(dir).map_err(|source| TlsSetupError::Write {
        path: dir.to_owned(),
        source,
    })?;
    replace_file(&key_path, &made.key_pem, 0o600)?;
    replace_file(&cert_path, &made.cert_pem, 0o644)?;
    Ok(made.certified)
}

struct Made {
    certified: CertifiedKey,
    cert_pem: String,
    key_pem: String,
}

fn make(names: &[String]) -> Result<Made, TlsSetupError> {
    let refused = |reason: String| TlsSetupError::Generate {
        names: names.to_vec(),
        reason,
    };
    if names.is_empty() {
        return Err(refused("it needs at least one name".to_owned()));
    }
    let mut params = CertificateParams::new(names).map_err(|error| refused(error.to_string()))?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, names[0].as_str());
    params.distinguished_name = subject;

    let key = KeyPair::generate().map_err(|error| refused(error.to_string()))?;
    let cert = params
        .self_signed(&key)
        .map_err(|error| refused(error.to_string()))?;
    let key_der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let certified = CertifiedKey::from_der(vec![cert.der().clone()], key_der, &provider())?;
    Ok(Made {
        certified,
        cert_pem: cert.pem(),
        key_pem: key.serialize_pem(),
    })
}

fn is_for_all(kept: &CertifiedKey, names: &[String]) -> bool {
    let Some(parsed) = kept
        .cert
        .first()
        .and_then(|der| ParsedCertificate::try_from(der).ok())
    else {
        return false;
    };
    names.iter().all(|name| {
        ServerName::try_from(name.as_str())
            .is_ok_and(|wanted| verify_server_name(&parsed, &wanted).is_ok())
    })
}

/// Writes a file so that readers see the old one or the new one, and nobody else's eyes see the key in between.
fn replace_file(path: &Path, contents: &str, mode: u32) -> Result<(), TlsSetupError> {
    let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
    let write = || -> io::Result<()> {
        // Left behind by a crash of a process with our number; creating must be what sets the mode.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        let mut file = options.open(&temporary)?;
        file.write_all(contents.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    #[cfg(not(unix))]
    let _ = mode;
    write().map_err(|source| TlsSetupError::Write {
        path: path.to_owned(),
        source,
    })
}
