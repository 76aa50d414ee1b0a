//! The mails, written when they are sent: their effect rows hold ids only.

use super::{tokens, verification};
use crate::services::App;
use secrecy::ExposeSecret;
use veza_domain::effect::EffectKind;
use veza_domain::identity::{User, Username};
use veza_domain::ids::{EffectId, MailTokenId, UserId};
use veza_ports::mail::{Mail, MailError};
use veza_ports::storage::StoreError;

/// Writes and sends the mail that `kind` asks for. Sent twice, it is one mail to its reader.
///
/// # Errors
/// [`MailError::Unavailable`]: try again; [`MailError::Refused`]: never, also for an effect that is no mail and a link that is void.
pub async fn send(app: &App, kind: &EffectKind, effect_id: EffectId) -> Result<(), MailError> {
    let (user, subject, body) = match kind {
        EffectKind::MailVerification(user, token) => {
            let user = account(app, *user).await?;
            let body = link(app, &user, *token).await?;
            (user, "Prove your address", body)
        }
        EffectKind::MailAlreadyRegistered(user) => {
            (account(app, *user).await?, "You have an account already", already_registered(&app.money.public_url))
        }
        EffectKind::MailPaymentNeeded(user, _) => {
            (account(app, *user).await?, "Your plan waits for its payment", payment_needed(&app.money.public_url))
        }
        EffectKind::MailSubscriptionEnded(user, _) => (account(app, *user).await?, "Your plan is over", ended(&app.money.public_url)),
        EffectKind::CreatePayment(_)
        | EffectKind::CreateRefund(..)
        | EffectKind::ReadPayment(_)
        | EffectKind::ReadRefund(..)
        | EffectKind::ReadDispute(..) => {
            return Err(MailError::Refused(format!("{} is no mail", kind.name())));
        }
    };
    app.mailer.send(&Mail { id: effect_id.to_string(), to: user.email.to_string(), subject: subject.to_owned(), body }).await
}

async fn account(app: &App, id: UserId) -> Result<User, MailError> {
    let user = app.store.user(id).await.map_err(unread)?;
    user.map(|user| user.value).ok_or_else(|| MailError::Refused("the account is gone".to_owned()))
}

fn unread(error: StoreError) -> MailError {
    MailError::Unavailable(Box::new(error))
}

/// The mail with the link; not for one that a later registration with the address has voided, which has a mail of its own.
async fn link(app: &App, user: &User, id: MailTokenId) -> Result<String, MailError> {
    let token = verification::token(app, user, id);
    if app.store.mail_token(tokens::hash(&token)).await.map_err(unread)?.is_none() {
        return Err(MailError::Refused("its link is void: it is over, or the address was registered anew".to_owned()));
    }
    Ok(verification_mail(&app.money.public_url, &user.username, token.expose_secret()))
}

/// Names the user name, by which the owner of the address tells a registration of their own from a stranger's.
fn verification_mail(public_url: &str, username: &Username, token: &str) -> String {
    // Spaced, or a stranger could register a link as a name, to be mailed to anybody.
    let name = username.as_str().replace('.', " . ");
    format!(
        "Hello,\n\nsomebody, we hope you, has registered with this address under the user name {name}. Open this link within 24 hours \
         to prove that the address is yours:\n\n{public_url}/verify-email?token={token}\n\n\
         If {name} is not the user name that you chose last, don't open it: register once more.\n\
         If it was not you, do nothing: without the link the account stays shut.\n"
    )
}

fn already_registered(public_url: &str) -> String {
    format!(
        "Hello,\n\nsomebody, perhaps you, has tried to register with this address at {public_url}, where it has an account already. \
         Nothing has changed.\n\nIf it was you, sign in as usual.\n\
         If it was not you, do nothing.\n"
    )
}

fn payment_needed(public_url: &str) -> String {
    format!(
        "Hello,\n\nthe next period of your plan waits for its payment, which can't be made without you. Sign in and complete it; what there \
         is to do, and the way to it, stand here:\n\n{public_url}/api/v1/me/subscription\n\nOnce the period that is paid for is over, what \
         the plan allows is switched off until the next one is paid. If you have paid in the meantime, there is nothing to do.\n"
    )
}

fn ended(public_url: &str) -> String {
    format!(
        "Hello,\n\nyour plan is over, because its last period was not paid. Nothing more will be charged. You can choose a plan again at \
         any time at {public_url}.\n"
    )
}
