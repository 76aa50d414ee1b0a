//! Passwords: which are good enough, and their hashes (argon2id), made off the async threads and a few at a time.

use super::hasher::Hasher;
use crate::problem::{ApiError, FieldError};
use argon2::password_hash::phc;
use argon2::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;
use veza_domain::identity::{Email, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordHash, Username};
use veza_ports::clock::IdSource;

/// Hashes under way at once: each takes about 20 MB and a core.
const AT_ONCE: usize = 2;
/// Hashes that may wait for their turn; one more is told to come back.
const WAITING_MAX: usize = 64;
/// Bytes of salt.
const SALT_BYTES: usize = 16;

/// The commonest passwords that are long enough, folded.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect());

/// Why a password is not good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("a password needs at least {PASSWORD_CHARS_MIN} characters")]
    Short,
    /// More than [`PASSWORD_BYTES_MAX`] bytes.
    #[error("a password may have at most {PASSWORD_BYTES_MAX} bytes")]
    Long,
    /// One of the commonest, or one character or word over and over.
    #[error("this password is among the commonest; choose another")]
    Common,
    /// The address or the user name.
    #[error("a password must not be the address or the user name")]
    Own,
}

impl From<WeakPassword> for FieldError {
    fn from(weak: WeakPassword) -> Self {
        let code = match weak {
            WeakPassword::Short => "too_short",
            WeakPassword::Long => "too_long",
            WeakPassword::Common => "too_common",
            WeakPassword::Own => "too_guessable",
        };
        Self { field: "password".to_owned(), code: code.to_owned(), message: weak.to_string() }
    }
}

/// Is `password` good enough for the account of `email` and `username`?
///
/// # Errors
/// [`WeakPassword`].
pub fn judge(password: &SecretString, email: Option<&Email>, username: Option<&Username>) -> Result<(), WeakPassword> {
    let text = password.expose_secret();
    if text.chars().count() < PASSWORD_CHARS_MIN {
        return Err(WeakPassword::Short);
    }
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(WeakPassword::Long);
    }
    let folded = text.to_lowercase();
    let own = email.is_some_and(|email| folded == email.as_str()) || username.is_some_and(|name| folded == name.folded());
    if own {
        return Err(WeakPassword::Own);
    }
    // "Password12345!" is "password12345" with a hat on.
    let bare = folded.trim_end_matches(|c: char| !c.is_alphanumeric());
    if COMMON.contains(folded.as_str()) || COMMON.contains(bare) || is_repetition(&folded) {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

/// A unit of up to four characters, over and over: `aaaaaaaaaaaa`, `abcabcabcabc`.
fn is_repetition(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=4).any(|unit| chars.iter().zip(chars.iter().skip(unit)).all(|(a, b)| a == b))
}

/// Makes and checks hashes.
pub struct Passwords {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
    decoy: PasswordHash,
}

impl Passwords {
    /// Takes the time of one hash.
    ///
    /// # Panics
    /// When argon2 refuses its own defaults.
    #[must_use]
    pub fn new(ids: &dyn IdSource) -> Self {
        let secret = SecretString::from(hex::encode(ids.secret().0));
        #[expect(clippy::expect_used, reason = "at start; the library's own parameters")]
        let decoy = make(&secret, &ids.secret().0[..SALT_BYTES]).expect("argon2 takes its own defaults");
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::new(Semaphore::new(AT_ONCE + WAITING_MAX)), decoy }
    }

    /// The hash of `password`.
    ///
    /// # Errors
    /// 503 `busy` when too many wait already.
    pub async fn hash(&self, ids: &dyn IdSource, password: &SecretString) -> Result<PasswordHash, ApiError> {
        let salt: [u8; 32] = ids.secret().0;
        let password = password.clone();
        self.run(move || make(&password, &salt[..SALT_BYTES])).await?.ok_or_else(|| {
            tracing::error!("argon2 made no hash");
            ApiError::internal("internal", "a fault of ours; it is in the log")
        })
    }

    /// Is `password` the one behind `hash`? Without a hash the answer is no, after the same work.
    ///
    /// # Errors
    /// 503 `busy` when too many wait already.
    pub async fn verify(&self, password: &SecretString, hash: Option<&PasswordHash>) -> Result<bool, ApiError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.decoy).clone();
        let password = password.clone();
        let fits = self.run(move || fits(&password, &hash)).await?;
        Ok(fits && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        let busy = || ApiError::unavailable("busy", "too many sign-ins at once; try again in a moment");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| busy())?;
        // They go along with the work: it runs on when nobody waits for it any more.
        let counted = move || {
            let _held = (place, turn);
            work()
        };
        tokio::task::spawn_blocking(counted).await.map_err(|error| {
            tracing::error!(%error, "hashing a password failed");
            ApiError::internal("internal", "a fault of ours; it is in the log")
        })
    }
}

fn make(password: &SecretString, salt: &[u8]) -> Option<PasswordHash> {
    let hash: phc::PasswordHash = Hasher.hash_password_with_salt(password.expose_secret().as_bytes(), salt).ok()?;
    Some(PasswordHash(hash.to_string()))
}

fn fits(password: &SecretString, hash: &PasswordHash) -> bool {
    let stored = phc::PasswordHash::new(&hash.0);
    stored.is_ok_and(|stored| Hasher.verify_password(password.expose_secret().as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(password: &str) -> Result<(), WeakPassword> {
        let email = Email::new("mia.musterfrau@example.org").unwrap();
        let username = Username::new("mia-musterfrau").unwrap();
        judge(&SecretString::from(password), Some(&email), Some(&username))
    }

    #[test]
    fn passwords_are_judged() {
        assert_eq!(verdict("short"), Err(WeakPassword::Short));
        assert_eq!(verdict("elf Zeichen"), Err(WeakPassword::Short), "11 characters");
        assert_eq!(verdict(&"ß".repeat(513)), Err(WeakPassword::Long), "1026 bytes");
        for common in ["password1234", "Password1234", "PASSWORD1234!!", "123456789012", "qwertyuiop123", "aaaaaaaaaaaa", "abcabcabcabcab"]
        {
            assert_eq!(verdict(common), Err(WeakPassword::Common), "{common}");
        }
        assert_eq!(verdict("Mia-Musterfrau"), Err(WeakPassword::Own));
        assert_eq!(verdict("mia.musterfrau@example.org"), Err(WeakPassword::Own));
        assert_eq!(verdict("korrekt pferd batterie"), Ok(()));
    }

    #[test]
    fn every_common_password_is_long_enough_and_folded() {
        for line in COMMON.iter() {
            assert!(line.chars().count() >= PASSWORD_CHARS_MIN && *line == line.to_lowercase(), "{line}");
        }
        assert!(COMMON.len() > 100);
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let ids = crate::system::SystemIds;
        let passwords = Passwords::new(&ids);
        let password = SecretString::from("korrekt pferd batterie");
        let hash = passwords.hash(&ids, &password).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$"));
        assert!(passwords.verify(&password, Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&SecretString::from("another one, really"), Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&password, None).await.unwrap());
    }

    /// Polls `run` once, which starts its work if there is a turn, and drops it: its client has gone.
    async fn begin_and_leave(run: impl Future<Output = Result<(), ApiError>>) {
        tokio::select! {
            biased;
            _ = run => panic!("the work waits to be let go on"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_counts_until_it_ends() {
        let passwords = Passwords::new(&crate::system::SystemIds);
        let mut ends = Vec::new();
        for _ in 0..AT_ONCE {
            let (end, ended) = std::sync::mpsc::channel::<()>();
            ends.push(end);
            begin_and_leave(passwords.run(move || ended.recv().unwrap_or_default())).await;
        }
        assert_eq!((passwords.turns.available_permits(), passwords.places.available_permits()), (0, WAITING_MAX));
        // One that waits for its turn and leaves has not begun: it gives its place back at once.
        begin_and_leave(passwords.run(|| ())).await;
        assert_eq!((passwords.turns.available_permits(), passwords.places.available_permits()), (0, WAITING_MAX));
        drop(ends);
        for _ in 0..=AT_ONCE {
            passwords.run(|| ()).await.unwrap();
        }
    }
}
