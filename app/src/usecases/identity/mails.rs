//! The mails, written when they are sent: their effect rows hold ids only.

use crate::services::App;
use secrecy::ExposeSecret;
use veza_domain::effect::EffectKind;
use veza_domain::ids::{EffectId, UserId};
use veza_ports::mail::{Mail, MailError};

/// Writes and sends the mail that `kind` asks for. Sent twice, it is one mail to its reader.
///
/// # Errors
/// [`MailError::Unavailable`]: try again; [`MailError::Refused`]: never, also for an effect that is no mail.
pub async fn send(app: &App, kind: &EffectKind, effect_id: EffectId) -> Result<(), MailError> {
    let (user, subject, body) = match kind {
        EffectKind::MailVerification(user, token) => {
            let token = app.identity.mail_tokens.token(*token);
            (*user, "Prove your address", verification(&app.money.public_url, token.expose_secret()))
        }
        EffectKind::MailAlreadyRegistered(user) => (*user, "You have an account already", already_registered(&app.money.public_url)),
        EffectKind::MailPaymentNeeded(user, _) => (*user, "Your plan waits for its payment", payment_needed(&app.money.public_url)),
        EffectKind::MailSubscriptionEnded(user, _) => (*user, "Your plan is over", ended(&app.money.public_url)),
        EffectKind::CreatePayment(_)
        | EffectKind::CreateRefund(..)
        | EffectKind::ReadPayment(_)
        | EffectKind::ReadRefund(..)
        | EffectKind::ReadDispute(..) => {
            return Err(MailError::Refused(format!("{} is no mail", kind.name())));
        }
    };
    let to = address(app, user).await?;
    app.mailer.send(&Mail { id: effect_id.to_string(), to, subject: subject.to_owned(), body }).await
}

async fn address(app: &App, user: UserId) -> Result<String, MailError> {
    let user = app.store.user(user).await.map_err(|error| MailError::Unavailable(Box::new(error)))?;
    user.map(|user| user.value.email.to_string()).ok_or_else(|| MailError::Refused("the account is gone".to_owned()))
}

fn verification(public_url: &str, token: &str) -> String {
    format!(
        "Hello,\n\nsomebody, we hope you, has registered with this address. Open this link within 24 hours to prove that it is yours:\n\n\
         {public_url}/verify-email?token={token}\n\nIf it was not you, do nothing: without the link the account stays shut.\n"
    )
}

fn already_registered(public_url: &str) -> String {
    format!(
        "Hello,\n\nsomebody, perhaps you, has tried to register with this address at {public_url}, where it has an account already. \
         Nothing has changed.\n\nIf it was you, sign in as usual; if the address was never proven, ask for the mail with the link again.\n\
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
