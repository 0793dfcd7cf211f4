//! Checks of a server's data directory on this machine.

use std::path::Path;

use super::Check;

/// Free space below which the server will soon refuse mail.
const FREE_BYTES_FAIL: u64 = 256 * 1024 * 1024;
/// Free space below which it is time to act.
const FREE_BYTES_WARN: u64 = 2 * 1024 * 1024 * 1024;

/// Runs the checks; without a directory the later ones make no sense.
pub fn check(directory: &Path, checks: &mut Vec<Check>) {
    match std::fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => checks.push(permissions(directory, &metadata)),
        Ok(_) => {
            checks.push(Check::fail(
                "data directory",
                format!("{} is not a directory", directory.display()),
                "name the server's --data-dir",
            ));
            return;
        }
        Err(error) => {
            checks.push(Check::fail(
                "data directory",
                format!("{}: {error}", directory.display()),
                "name the server's --data-dir",
            ));
            return;
        }
    }
    checks.push(space(directory));
}

#[cfg(unix)]
fn permissions(directory: &Path, metadata: &std::fs::Metadata) -> Check {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    let detail = format!("{} has mode {mode:04o}", directory.display());
    if mode & 0o077 != 0 {
        let fix = format!(
            "only the server should read it: chmod 700 {}",
            directory.display()
        );
        return Check::warn("data directory", detail, fix);
    }
    if mode & 0o700 != 0o700 {
        return Check::fail(
            "data directory",
            detail,
            format!("chmod 700 {}", directory.display()),
        );
    }
    Check::ok("data directory", detail)
}

#[cfg(not(unix))]
fn permissions(directory: &Path, _metadata: &std::fs::Metadata) -> Check {
    Check::ok("data directory", directory.display().to_string())
}

fn space(directory: &Path) -> Check {
    let statistics = match rustix::fs::statvfs(directory) {
        Ok(statistics) => statistics,
        Err(error) => return Check::warn("disk space", error.to_string(), "look with df"),
    };
    let free_bytes = statistics.f_bavail.saturating_mul(statistics.f_frsize);
    let detail = format!(
        "{:.1} GiB free",
        free_bytes as f64 / (1024.0 * 1024.0 * 1024.0)
    );
    let fix = "make room, or move the data directory to a larger disk";
    if free_bytes < FREE_BYTES_FAIL {
        return Check::fail("disk space", detail, fix);
    }
    if free_bytes < FREE_BYTES_WARN {
        return Check::warn("disk space", detail, fix);
    }
    Check::ok("disk space", detail)
}
