//! The few pages for people: the link of the verification mail, and in development the mails of the local outbox.

use super::middleware::faults;
use super::router::{Router, page};
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::onboarding;
use poem::web::Redirect;
use poem::{IntoResponse, Request, Response};
use std::sync::Arc;
use veza_domain::ids::UserId;
use veza_mail::{OutboxMailer, StoredMail};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";
/// Mails that the outbox page shows.
const SHOWN_MAX: usize = 50;

const STYLE: &str = "body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }\n\
                     pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f4f4; padding: 1rem; border-radius: .3rem; }\n\
                     button { font: inherit; padding: .4rem 1rem; }\n";

/// Sends the token in a header, so that it stays out of proxies' access logs; the address bar forgets it at once.
const VERIFY: &str = "const token = new URLSearchParams(location.search).get('token') ?? '';\n\
history.replaceState(null, '', location.pathname);\n\
const button = document.getElementById('prove');\n\
const said = document.getElementById('said');\n\
button.addEventListener('click', async () => {\n\
  button.disabled = true;\n\
  try {\n\
    const answer = await fetch('/api/v1/auth/verify-email', { method: 'POST', headers: { 'X-Verify-Token': token } });\n\
    const body = await answer.json();\n\
    said.textContent = answer.ok ? body.message : body.detail;\n\
    button.disabled = answer.ok || answer.status === 400;\n\
  } catch {\n\
    said.textContent = 'the server could not be reached; try again';\n\
    button.disabled = false;\n\
  }\n\
});\n";

/// Adds the pages; those of the outbox only where there is one.
#[must_use]
pub fn add_to(router: Router, outbox: Option<OutboxMailer>) -> Router {
    let router = router
        .page("/", poem::endpoint::make_sync(|_| Redirect::see_other("/docs")))
        .page("/seller/onboarding/done", poem::endpoint::make(onboarding_done))
        .asset("/seller/onboarding", "text/html; charset=utf-8", POLICY, html("The link was used up", ASK_AGAIN))
        .asset("/verify-email", "text/html; charset=utf-8", POLICY, verify_page())
        .asset("/pages/verify.js", "text/javascript; charset=utf-8", POLICY, VERIFY)
        .asset("/pages/style.css", "text/css; charset=utf-8", POLICY, STYLE);
    let Some(outbox) = outbox else { return router };
    router.page(
        "/dev/outbox",
        poem::endpoint::make(move |_: Request| {
            let outbox = outbox.clone();
            async move { Ok::<_, poem::Error>(outbox_page(&outbox).await) }
        }),
    )
}

fn html(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\">\n<title>{title}</title>\n<link rel=\"stylesheet\" href=\"/pages/style.css\">\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
         {body}\n</main>\n</body>\n</html>\n"
    )
}

fn verify_page() -> String {
    html(
        "Prove your address",
        "<p>One click, and this address is yours here.</p>\n<p><button id=\"prove\" type=\"button\">Prove it</button></p>\n\
         <p id=\"said\" role=\"status\"></p>\n<script src=\"/pages/verify.js\"></script>",
    )
}

const ASK_AGAIN: &str = "<p>A link to the payout provider works once. Ask for another one: POST /api/v1/seller/onboarding.</p>";

/// Where the payout provider sends a seller back to.
async fn onboarding_done(request: Request) -> poem::Result<Response> {
    #[derive(serde::Deserialize)]
    struct Params {
        seller: uuid::Uuid,
    }
    let app = request.data::<Arc<App>>().cloned().ok_or_else(|| ApiError::internal("internal", "a fault of ours"))?;
    let Params { seller } = request.params::<Params>()?;
    let text = if onboarding::returned(&app, UserId(seller)).await? {
        "<p>Your account can receive transfers. What was waiting for it is on its way.</p>"
    } else {
        "<p>The payout provider still wants something of you. Ask for another link: POST /api/v1/seller/onboarding.</p>"
    };
    Ok(page(POLICY, html("Back from the payout provider", text)))
}

async fn outbox_page(outbox: &OutboxMailer) -> Response {
    match outbox.list(SHOWN_MAX).await {
        Ok(mails) if mails.is_empty() => page(POLICY, html("Outbox", "<p>No mail yet.</p>")),
        Ok(mails) => page(POLICY, html("Outbox", &mails.iter().map(article).collect::<Vec<_>>().join("\n"))),
        Err(error) => {
            tracing::error!(%error, "the outbox can't be read");
            faults::of_error(poem::Error::from_status(poem::http::StatusCode::INTERNAL_SERVER_ERROR)).into_response()
        }
    }
}

fn article(stored: &StoredMail) -> String {
    let micros = i64::try_from(stored.sent_at_micros).unwrap_or_default();
    let at = chrono::DateTime::from_timestamp_micros(micros).map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default();
    let mail = &stored.mail;
    format!(
        "<article>\n<h2>{}</h2>\n<p>To {} · {at}</p>\n<pre>{}</pre>\n</article>",
        escape(&mail.subject),
        escape(&mail.to),
        linked(&mail.body)
    )
}

/// The text with its links as links; everything else is escaped.
fn linked(text: &str) -> String {
    let word = |word: &str| {
        let escaped = escape(word);
        let bare = word.trim_end();
        if bare.starts_with("http://") || bare.starts_with("https://") {
            format!("<a href=\"{}\">{}</a>{}", escape(bare), escape(bare), &word[bare.len()..])
        } else {
            escaped
        }
    };
    text.split_inclusive([' ', '\n']).map(word).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_links_and_the_rest_is_text() {
        let text = "see\nhttp://localhost/verify-email?token=a&b\n<script>";
        let expected =
            "see\n<a href=\"http://localhost/verify-email?token=a&amp;b\">http://localhost/verify-email?token=a&amp;b</a>\n&lt;script&gt;";
        assert_eq!(linked(text), expected);
    }
}
