//! Secrets that only their owner knows; what is stored is their SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use veza_domain::identity::TokenHash;
use veza_domain::ids::MailTokenId;
use veza_ports::clock::IdSource;

type HmacSha256 = Hmac<Sha256>;

/// What the key for mail tokens is derived for; another purpose gets another key.
const PURPOSE: &[u8] = b"veza mail tokens v1";

/// What is stored of `token`.
#[must_use]
pub fn hash(token: &SecretString) -> TokenHash {
    TokenHash(Sha256::digest(token.expose_secret().as_bytes()).into())
}

/// A new refresh token.
#[must_use]
pub fn refresh_token(ids: &dyn IdSource) -> SecretString {
    SecretString::from(URL_SAFE_NO_PAD.encode(ids.secret().0))
}

/// Derives the tokens that go out by mail from their ids: so a mail can be written again, and no token is stored anywhere.
#[derive(Clone)]
pub struct MailTokens(HmacSha256);

impl MailTokens {
    /// With a key of its own, derived from the server's secret (`JWT_SECRET`).
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    #[must_use]
    pub fn new(server_secret: &SecretString) -> Self {
        let key = keyed(server_secret.expose_secret().as_bytes()).chain_update(PURPOSE).finalize().into_bytes();
        Self(keyed(&key))
    }

    /// The token with this id.
    #[must_use]
    pub fn token(&self, id: MailTokenId) -> SecretString {
        let mac = self.0.clone().chain_update(id.0.as_bytes()).finalize().into_bytes();
        SecretString::from(URL_SAFE_NO_PAD.encode(mac))
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn mail_tokens_follow_from_their_id_and_the_servers_secret() {
        let tokens = |secret: &str| MailTokens::new(&SecretString::from(secret));
        let id = MailTokenId(Uuid::from_u128(1));
        let token = tokens("a").token(id);
        assert_eq!(token.expose_secret(), tokens("a").token(id).expose_secret());
        assert_ne!(token.expose_secret(), tokens("b").token(id).expose_secret());
        assert_ne!(token.expose_secret(), tokens("a").token(MailTokenId(Uuid::from_u128(2))).expose_secret());
        assert_eq!(token.expose_secret().len(), 43);
    }
}
