//! A certificate authority of a test's own, and the certificates that it issues, by the `openssl` that comes with Postgres.

use crate::done;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A CA that nobody else knows.
pub struct Authority {
    folder: TempDir,
}

/// What a server shows, and what it keeps to itself.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// The key's file.
    pub key: PathBuf,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// Without `openssl`.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut openssl = key(folder.path(), "root.key");
        openssl.args(["-x509", "-days", "2", "-subj", "/CN=A test's own root", "-addext", "keyUsage=critical,keyCertSign"]);
        done(openssl.arg("-out").arg(folder.path().join("root.crt")));
        Self { folder }
    }

    /// The file of its root certificate.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.crt")
    }

    /// A certificate for a host of this name.
    ///
    /// # Panics
    /// When `openssl` refuses.
    #[must_use]
    pub fn certificate(&self, host: &str) -> Certificate {
        let at = |name: &str| self.folder.path().join(name);
        done(key(self.folder.path(), "server.key").args(["-subj", "/CN=A test's own server", "-out"]).arg(at("server.csr")));
        std::fs::write(at("server.ext"), format!("subjectAltName=DNS:{host}\n")).expect("a file");
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-req", "-days", "2", "-CAcreateserial"]).arg("-in").arg(at("server.csr")).arg("-CA").arg(self.root());
        openssl.arg("-CAkey").arg(at("root.key")).arg("-extfile").arg(at("server.ext")).arg("-out").arg(at("server.crt"));
        done(&mut openssl);
        Certificate { certificate: at("server.crt"), key: at("server.key") }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// Asks for a certificate for a new key.
fn key(folder: &Path, name: &str) -> Command {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"]).arg(folder.join(name));
    openssl
}
