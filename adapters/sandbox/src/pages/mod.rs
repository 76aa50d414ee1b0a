//! The pages that a person sees: checkout, onboarding, control. No inline script or style, so a strict CSP holds.

use std::sync::Arc;

use poem::{
    IntoResponse, Response, Route, get, handler,
    http::StatusCode,
    post,
    web::{Data, Path, Redirect},
};

use crate::{
    core::Core,
    hyperswitch::{
        disputes::{self, NewDispute},
        render,
    },
    inbound::Inbound,
    state::State,
    stripe::accounts,
};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action *; \
                   base-uri 'none'; frame-ancestors *";

/// Adds all pages to the routes.
pub(crate) fn add_to(routes: Route) -> Route {
    routes
        .at("/checkout/:id", get(checkout))
        .at("/checkout/:id/dispute", post(open_dispute))
        .at("/checkout/:id/dispute/:status", post(decide_dispute))
        .at("/checkout.js", get(script))
        .at("/sandbox.css", get(style))
        .at("/connect/onboarding/:token", get(onboarding))
        .at("/connect/onboarding/:token/finish", post(finish_onboarding))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<link rel=\"stylesheet\" \
         href=\"/sandbox.css\">\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    );
    Response::builder()
        .status(status)
        .content_type("text/html; charset=utf-8")
        .header("content-security-policy", CSP)
        .header("cache-control", "no-store")
        .header("referrer-policy", "no-referrer")
        .body(html)
}

fn asset(content_type: &'static str, body: &'static str) -> Response {
    Response::builder().content_type(content_type).body(body)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[handler]
fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("checkout.js"))
}

#[handler]
fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("sandbox.css"))
}

/// Digits after the point (ISO 4217).
fn decimals(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

fn money(amount: i64, currency: &str) -> String {
    let decimals = decimals(currency);
    let digits = format!("{amount:0width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let point = if decimals > 0 { "." } else { "" };
    format!("{whole}{point}{fraction} {currency}")
}

fn shown_secret(call: &Inbound) -> String {
    call.query().into_iter().find(|(name, _)| name == "client_secret").map(|(_, value)| value).unwrap_or_default()
}

#[handler]
fn checkout(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let secret = shown_secret(&call);
    let payment = core.read(|state| state.payments.get(&id).filter(|payment| payment.client_secret == secret).cloned());
    let Some(payment) = payment else {
        return page(StatusCode::NOT_FOUND, "No such payment", "<h1>No such payment</h1>\n<p>The link is incomplete or wrong.</p>");
    };
    let dispute = core.read(|state| {
        let newest = payment.dispute_ids.last().and_then(|id| state.disputes.get(id));
        newest.map(|dispute| dispute.status.trim_start_matches("dispute_").to_owned()).unwrap_or_default()
    });
    let keeps = payment.echo.get("setup_future_usage").and_then(|usage| usage.as_str()) == Some("off_session");
    let return_url = payment.echo.get("return_url").and_then(|url| url.as_str()).unwrap_or_default();
    let description = payment.echo.get("description").and_then(|text| text.as_str()).unwrap_or("Your order");
    let body = format!(
        "<p class=\"badge\">Sandbox: no real money</p>\n<h1>{amount}</h1>\n<p>{description}</p>\n\
         <section id=\"checkout\" data-payment=\"{id}\" data-secret=\"{secret}\" data-key=\"{key}\" data-return=\"{return_url}\" \
         data-status=\"{status}\"{keeps}>\n<p id=\"status\" role=\"status\">{status}</p>\n{kept}\
         <button id=\"pay\" type=\"button\">Pay</button>\n<button id=\"decline\" type=\"button\" class=\"quiet\">Decline</button>\n\
         <button id=\"dispute\" type=\"button\" class=\"quiet\" hidden>Dispute</button>\n</section>\n\
         <section id=\"bank\" data-dispute=\"{dispute}\" hidden>\n<p>What the bank says about the dispute: <strong id=\"verdict\"></strong></p>\n\
         {verdicts}</section>\n<script src=\"/checkout.js\"></script>",
        amount = escape(&money(payment.amount, &payment.currency)),
        description = escape(description),
        id = escape(&payment.payment_id),
        secret = escape(&payment.client_secret),
        key = escape(&core.settings.publishable_key),
        return_url = escape(return_url),
        status = render::payment_status(payment.status),
        keeps = if keeps { " data-keeps" } else { "" },
        kept = if keeps { "<p>By paying you agree that this card is kept, and charged again without you.</p>\n" } else { "" },
        dispute = escape(&dispute),
        verdicts = VERDICTS
            .map(|(status, words)| format!("<button type=\"button\" class=\"quiet\" data-status=\"{status}\">{words}</button>\n"))
            .concat(),
    );
    page(StatusCode::OK, "Checkout", &body)
}

/// The cardholder disputes: the page's button, so it needs the client secret and not the control API.
#[handler]
fn open_dispute(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    with_payment(core, &id, &call, |state| disputes::open(state, &id, NewDispute::default()).map(drop))
}

/// What the bank may say, on buttons.
const VERDICTS: [(&str, &str); 4] = [
    ("lost", "The buyer wins"),
    ("won", "The merchant wins"),
    ("cancelled", "The buyer gives in"),
    ("expired", "Time for evidence is over"),
];

/// The bank decides the payment's newest dispute.
#[handler]
fn decide_dispute(Data(core): Data<&Arc<Core>>, Path((id, status)): Path<(String, String)>, call: Inbound) -> Response {
    with_payment(core, &id, &call, |state| {
        let newest = state.payments.get(&id).and_then(|payment| payment.dispute_ids.last().cloned());
        disputes::set_status(state, &newest.ok_or("no dispute")?, &status, None)
    })
}

/// Changes a payment for somebody who knows its client secret.
fn with_payment(core: &Core, id: &str, call: &Inbound, change: impl FnOnce(&mut State) -> Result<(), String>) -> Response {
    let secret = shown_secret(call);
    let changed = core.write(|state| {
        let shown = state.payments.get(id).is_some_and(|payment| payment.client_secret == secret);
        if shown { change(state) } else { Err("no such payment".to_owned()) }
    });
    match changed {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into(),
        Ok(Err(_)) => StatusCode::CONFLICT.into(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into(),
    }
}

#[handler]
fn onboarding(Data(core): Data<&Arc<Core>>, Path(token): Path<String>) -> Response {
    match core.write(|state| accounts::open_link(state, &token)) {
        Ok(Ok(account)) => {
            let body = format!(
                "<p class=\"badge\">Sandbox: no real money</p>\n<h1>Become a seller</h1>\n<p>Account <code>{id}</code>, country \
                 {country}.</p>\n<p>A real provider would now ask for your name, address and bank account.</p>\n\
                 <form method=\"post\" action=\"/connect/onboarding/{token}/finish\">\n<button>Finish onboarding</button>\n</form>",
                id = escape(&account.id),
                country = escape(&account.country),
                token = escape(&token),
            );
            page(StatusCode::OK, "Onboarding", &body)
        }
        Ok(Err(Some(refresh_url))) => Redirect::see_other(refresh_url).into_response(),
        Ok(Err(None)) => page(StatusCode::NOT_FOUND, "No such link", "<h1>No such link</h1>"),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into(),
    }
}

#[handler]
fn finish_onboarding(Data(core): Data<&Arc<Core>>, Path(token): Path<String>) -> Response {
    match core.write(|state| accounts::finish_link(state, &token)) {
        Ok(Some(return_url)) => Redirect::see_other(return_url).into_response(),
        Ok(None) => page(StatusCode::CONFLICT, "Link used", "<h1>This link was used already</h1>"),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into(),
    }
}

/// `/control/`: what is in the books, at a glance.
#[handler]
pub(crate) fn overview(Data(core): Data<&Arc<Core>>) -> Response {
    let (now, url, stripe_url, held, scripts, events) = core.read(|state| {
        let meta = state.meta();
        let held = if meta.hold || meta.hold_stripe { " (held)" } else { "" };
        (state.now, meta.webhook_url.clone(), meta.stripe_webhook_url.clone(), held, meta.scripts.len(), state.events.rows().len())
    });
    let rows: String = core.read(|state| {
        let newest = state.payments.rows().iter().rev().take(50);
        newest
            .map(|payment| {
                format!(
                    "<tr><td><a href=\"/checkout/{id}?client_secret={secret}\">{id}</a></td><td>{amount}</td><td>{status}</td></tr>\n",
                    id = escape(&payment.payment_id),
                    secret = escape(&payment.client_secret),
                    amount = escape(&money(payment.amount, &payment.currency)),
                    status = render::payment_status(payment.status),
                )
            })
            .collect()
    });
    let balances: String = core.read(|state| {
        let row = |balance: &crate::model::Balance| {
            let currency = balance.currency.to_ascii_uppercase();
            let (available, pending) = (money(balance.available, &currency), money(balance.pending, &currency));
            format!("<tr><td>{}</td><td>{available}</td><td>{pending}</td></tr>\n", escape(&balance.owner))
        };
        state.balances.rows().iter().take(50).map(row).collect()
    });
    let disputes: String = core.read(|state| {
        let newest = state.disputes.rows().iter().rev().take(50);
        let row = |dispute: &crate::model::Dispute| {
            let (amount, status) = (money(dispute.amount, &dispute.currency), dispute.status.trim_start_matches("dispute_"));
            format!("<tr><td>{}</td><td>{amount}</td><td>{}</td></tr>\n", escape(&dispute.dispute_id), escape(status))
        };
        newest.map(row).collect()
    });
    let body = format!(
        "<h1>Sandbox</h1>\n<p>Clock {clock}. Webhooks go to {url}, Stripe's to {stripe_url}{held}; {events} made. {scripts} scripts \
         wait.</p>\n\
         <p><a href=\"/control/books\">Books</a>, <a href=\"/control/scripts\">scripts</a>, \
         <a href=\"/control/webhooks\">webhooks</a></p>\n<h2>Payments</h2>\n<table>\n<tr><th>Payment</th><th>Amount</th>\
         <th>Status</th></tr>\n{rows}</table>\n<h2>Disputes</h2>\n<table>\n<tr><th>Dispute</th><th>Amount</th><th>Status</th>\
         </tr>\n{disputes}</table>\n<h2>Balances</h2>\n<table>\n<tr><th>Owner</th><th>Available</th><th>Pending</th>\
         </tr>\n{balances}</table>",
        clock = crate::ids::timestamp(now),
        url = escape(url.as_deref().unwrap_or("nowhere")),
        stripe_url = escape(stripe_url.as_deref().unwrap_or("nowhere")),
    );
    page(StatusCode::OK, "Sandbox", &body)
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn amounts_as_people_read_them() {
        assert_eq!(money(6540, "USD"), "65.40 USD");
        assert_eq!(money(5, "USD"), "0.05 USD");
        assert_eq!(money(6540, "JPY"), "6540 JPY");
        assert_eq!(money(6540, "KWD"), "6.540 KWD");
    }
}
