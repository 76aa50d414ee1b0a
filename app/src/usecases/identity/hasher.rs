//! Argon2id in memory that goes back to the system after each hash.
//!
//! Its 19 MiB are less than what glibc may keep for the thread that freed them (32 MiB, mallopt(3), `M_MMAP_THRESHOLD`): eight people
//! who signed in on eight threads would leave 150 MiB behind for good. A larger allocation is mapped and unmapped by itself, and what of it
//! is not touched is no memory.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{CustomizedPasswordHasher, Error, PasswordHasher, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// More than glibc ever keeps.
const ALLOCATION_BYTES: usize = 33 << 20;

/// Argon2id with the library's defaults; checks hashes by the parameters that stand in them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hasher;

impl CustomizedPasswordHasher<PasswordHash> for Hasher {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let salt = Salt::new(salt)?;
        let mut buffer = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let out = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
        let mut memory = Vec::with_capacity(ALLOCATION_BYTES / Block::SIZE);
        memory.resize(params.block_count(), Block::default());
        Argon2::new(algorithm, version, params.clone()).hash_password_into_with_memory(password, &salt, out, &mut memory)?;
        let params = ParamsString::try_from(&params)?;
        let hash = Some(Output::new(out)?);
        Ok(PasswordHash { algorithm: algorithm.ident(), version: Some(version.into()), params, salt: Some(salt), hash })
    }
}

impl PasswordHasher<PasswordHash> for Hasher {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> Result<PasswordHash> {
        self.hash_password_customized(password, salt, None, None, Params::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::PasswordVerifier;
    use std::sync::{Arc, Barrier};
    use std::thread;

    const SALT: &[u8] = b"sixteen bytes of";

    #[test]
    fn it_makes_the_library_s_hashes_and_checks_them() {
        let ours = Hasher.hash_password_with_salt(b"korrekt pferd batterie", SALT).unwrap();
        let theirs: PasswordHash = Argon2::default().hash_password_with_salt(b"korrekt pferd batterie", SALT).unwrap();
        assert_eq!(ours.to_string(), theirs.to_string());
        assert!(Hasher.verify_password(b"korrekt pferd batterie", &theirs).is_ok());
        assert!(Hasher.verify_password(b"falsch pferd batterie", &theirs).is_err());
        let params = Params::new(64, 1, 1, Some(16)).unwrap();
        let small = Argon2::new(Algorithm::Argon2d, Version::V0x10, params).hash_password_with_salt(b"other ways", SALT).unwrap();
        assert!(Hasher.verify_password(b"other ways", &small).is_ok(), "by the parameters in the hash");
    }

    fn resident_mib() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_that_have_hashed_keep_no_memory() {
        const THREADS: usize = 8;
        let before = resident_mib();
        let (hashed, over) = (Arc::new(Barrier::new(THREADS + 1)), Arc::new(Barrier::new(THREADS + 1)));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (hashed, over) = (Arc::clone(&hashed), Arc::clone(&over));
                thread::spawn(move || {
                    // Twice: glibc learns from what is freed.
                    (0..2).for_each(|_| assert!(Hasher.hash_password_with_salt(b"a password", SALT).is_ok()));
                    hashed.wait();
                    over.wait();
                })
            })
            .collect();
        hashed.wait();
        let kept = resident_mib().saturating_sub(before);
        over.wait();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // Tests beside this one hash too, a few at a time.
        assert!(kept < 70, "{kept} MiB were kept");
    }
}
